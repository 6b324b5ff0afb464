import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStore
import NightdropStoreSQLite

/// A till that is only looked at, such as a copy on a read-only medium, or one whose key others keep: nothing is written, and
/// no key is needed. What its journal holds and its store does not yet is counted in the status, and not shown otherwise.
public struct TerminalLook: Sendable {
    private let directory: NodeDirectory
    private let fileSystem: any FileSystem
    private let store: TerminalDatabase
    private let rules: TerminalRules
    /// By entity, the operations that only the journal holds.
    private let unseen: [String: Int64]

    /// Looks at the till in a directory.
    public init(at path: String) throws {
        let (directory, disk) = (NodeDirectory(path), DiskFileSystem())
        self.directory = directory
        fileSystem = disk
        (store, rules, unseen) = try NightdropError.attempt {
            let settings = try TerminalParts.settings(directory, disk)
            let store = try TerminalDatabase(lookingAt: directory.store)
            let state = try store.read { try $0.state() }
            let rules = try TerminalRules(settings: settings, policyText: state.policy, file: directory.policy)
            return (store, rules, try TerminalLook.unseen(behind: state, settings, directory, disk))
        }
    }

    /// The operations that only the journal holds, and that `get` and `records` therefore do not show.
    public var unseenOperations: Int64 { unseen.values.reduce(0, +) }

    /// A living record; nil if there is none.
    public func get(_ entity: String, _ id: String) throws -> Record? {
        try NightdropError.attempt {
            try store.read { reader in
                guard let state = try reader.record(entity, id), state.lives else { return nil }
                return Terminal.record(rules, entity, id, state, try reader.head().csn)
            }
        }
    }

    /// Hands on the living records of an entity by id.
    public func records(_ entity: String, _ body: (Record) throws -> Void) throws {
        try store.read { reader in
            let csn = try reader.head().csn
            try reader.records(entity) { id, state in try body(Terminal.record(rules, entity, id, state, csn)) }
        }
    }

    /// What central has told this terminal, oldest first.
    public func notices() throws -> [NoticeLine] {
        try NightdropError.attempt { try store.read { try $0.notices() } }
    }

    /// What is pending, failed and in conflict.
    public func status() throws -> NodeStatus {
        try NightdropError.attempt {
            var status = try Terminal.status(store, rules.settings, directory, fileSystem)
            for (entity, count) in unseen { status.tables[entity, default: .init()].pending += count }
            return status
        }
    }

    private static func unseen(
        behind state: TerminalState, _ settings: NodeSettings, _ directory: NodeDirectory, _ fileSystem: any FileSystem
    ) throws -> [String: Int64] {
        // A copy need not have the journal.
        guard let identity = try? CurrentJournal.find(directory, settings, fileSystem) else { return [:] }
        let journal = JournalReader(fileSystem: fileSystem, directory: directory.journal(identity.journal))
        var counts: [String: Int64] = [:]
        try journal.read(from: state.position(in: identity.journal) + 1) { lines, operations in
            for operation in operations {
                counts[String(decoding: lines[operation.entity], as: UTF8.self), default: 0] += 1
            }
        }
        return counts
    }
}
