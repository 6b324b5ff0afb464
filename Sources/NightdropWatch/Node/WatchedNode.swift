import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import Synchronization

/// The node that a watch works for. Directories have a thread each, and exchange with it side by side: what two exchanges
/// must not do at once they do in turn, by the node's locks, none of which is held while a directory is touched (see
/// `Landing`).
final class WatchedNode: Sendable {
    /// What it is.
    enum Role: Sendable {
        case terminal(Terminal)
        case central(Central)
    }

    /// What an exchange did.
    struct Exchange: Sendable {
        var bundles: [BundleOutcome] = []
        var written: [String] = []
        /// Operations in what was written.
        var sent: Int64 = 0
        /// Why not everything could be left there.
        var failure: String?
    }

    let directory: NodeDirectory
    let fileSystem: TimedFileSystem
    let id: NodeID
    private let opened: Mutex<Opened>
    private let reopening = Mutex(())

    private struct Opened {
        var role: Role
        var files: [FileStatus?]
    }

    init(_ path: String, over base: any FileSystem = DiskFileSystem()) throws {
        directory = NodeDirectory(path)
        fileSystem = TimedFileSystem(over: base)
        let files = WatchedNode.files(directory, fileSystem)
        let role = try WatchedNode.open(directory, fileSystem)
        id = role.settings.id
        opened = Mutex(Opened(role: role, files: files))
    }

    /// The node as it is open now.
    var role: Role { opened.withLock { $0.role } }

    /// What opening it has found and a person should know; nil as a rule.
    var remark: String? { if case .terminal(let terminal) = role { terminal.remark } else { nil } }

    /// Its settings.
    var settings: NodeSettings { role.settings }

    /// Whether a directory bears the marker of this node's organisation.
    func owns(_ path: String) -> Bool {
        guard let marker = try? ExchangeDirectory(path, fileSystem: fileSystem).marker() else { return false }
        return settings.organisation.map { $0 == marker.organisation } ?? true
    }

    /// The folder of the journal that it writes.
    func journalFolder() throws -> String? {
        var newest: (path: String, modified: Int64)?
        for name in try fileSystem.names(in: directory.journals) {
            let path = directory.journals + "/" + name
            guard let status = try fileSystem.status(path), status.isDirectory else { continue }
            if newest.map({ status.modified > $0.modified }) ?? true { newest = (path, status.modified) }
        }
        return newest?.path
    }

    /// Takes in what lies in a directory, and answers it or, at a terminal if `exports`, sends what is pending; if it
    /// `owesWord`, where it stands in any case; if it `mayAsk`, also when it finds that a return must be written again.
    ///
    /// `isEnding` is asked before each bundle: then the others stay for the next time.
    func exchange(
        with path: String, exports: Bool, owesWord: Bool, mayAsk: Bool, cleansUp: Bool,
        isEnding: @escaping @Sendable () -> Bool
    ) throws -> Exchange {
        let role = role
        var options = ExchangeOptions()
        if case .terminal = role { options.isLeaving = exports }
        options.owesWord = owesWord
        options.leavesIfAsked = true
        options.leavesIfLacking = mayAsk
        options.asksForLargeChanges = true
        options.cleansUp = cleansUp
        options.answersAll = false
        options.isEnding = isEnding
        options.needsMarker = true
        options.isShared = true
        options.heartbeatMilliseconds = role.settings.watch.heartbeat
        let report =
            switch role {
            case .terminal(let terminal): try exchange(terminal, path, options)
            case .central(let central): try central.exchange(with: path, options)
            }
        let new = report.left.filter { !$0.wasThere }
        return Exchange(
            bundles: report.came + report.vanished, written: new.map(\.file),
            sent: new.reduce(0) { $0 + $1.operations },
            failure: report.failure?.message)
    }

    private func exchange(_ terminal: Terminal, _ path: String, _ options: ExchangeOptions) throws -> ExchangeReport {
        guard terminal.settings.central != nil || terminal.settings.centralFingerprint != nil else {
            // The first grant is trusted by a person, not by a daemon.
            throw NightdropError(
                .badSettings, "\(id) is not enrolled yet: import the grant that head office gave for it")
        }
        return try terminal.exchange(with: path, options)
    }

    /// Whether a terminal's bundle may have been lost on its way to head office, or the answer on its way back.
    var awaitsReceipt: Bool {
        guard case .terminal(let terminal) = role else { return false }
        return (try? terminal.awaitsReceipt()) ?? true
    }

    /// Writes head office's return bundles for terminals, and asks some of them for a fresh bundle.
    func update(_ terminals: [NodeID], in path: String, asking: [NodeID]) throws {
        guard case .central(let central) = role else { return }
        if !asking.isEmpty { _ = try central.request(asking) }
        try central.update(terminals, in: path)
    }

    /// Opens the node again, with its settings and its policy as they stand in the files now. If they are wrong it stays as
    /// it is.
    func reopen() throws { try reopening.withLock { _ in try open(WatchedNode.files(directory, fileSystem)) } }

    /// Opens the node again if its settings or its policy have changed. Returns what is wrong with them, once: it goes on
    /// with those that it has until they change again.
    func refresh() throws -> String? {
        try reopening.withLock { _ -> String? in
            let files = WatchedNode.files(directory, fileSystem)
            guard opened.withLock({ $0.files != files }) else { return nil }
            do throws(NightdropError) { try open(files) } catch {
                guard error.kind == .badSettings else { throw error }
                return error.message
            }
            return remark
        }
    }

    private func open(_ files: [FileStatus?]) throws(NightdropError) {
        do {
            let role = try WatchedNode.open(directory, fileSystem)
            opened.withLock { $0 = Opened(role: role, files: files) }
        } catch {
            let error = NightdropError(any: error)
            if error.kind == .badSettings { opened.withLock { $0.files = files } }
            throw error
        }
    }

    private static func files(_ directory: NodeDirectory, _ fileSystem: any FileSystem) -> [FileStatus?] {
        [directory.settings, directory.policy].map { try? fileSystem.status($0) }
    }

    private static func open(_ directory: NodeDirectory, _ fileSystem: any FileSystem) throws -> Role {
        guard let bytes = try fileSystem.contents(directory.settings) else {
            throw NightdropError(.notFound, "\(directory.path) is no node: it has no nightdrop.yaml")
        }
        let settings = try NodeSettings(yaml: String(decoding: bytes, as: UTF8.self), file: directory.settings)
        _ = try settings.checkedWatch()
        switch settings.role {
        case .central: return .central(try Central(at: directory.path, fileSystem: fileSystem))
        case .terminal: return .terminal(try Terminal(at: directory, fileSystem: fileSystem))
        }
    }
}

extension WatchedNode.Role {
    var settings: NodeSettings {
        switch self {
        case .terminal(let terminal): terminal.settings
        case .central(let central): central.settings
        }
    }

    /// The status, written for other programs as well.
    func writeStatus() throws -> NodeStatus {
        switch self {
        case .terminal(let terminal):
            try terminal.followJournal()
            return try terminal.status()
        case .central(let central): return try central.writeStatus()
        }
    }
}
