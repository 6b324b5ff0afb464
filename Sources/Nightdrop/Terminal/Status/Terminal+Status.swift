import Dispatch
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStoreSQLite
import Synchronization

extension Terminal {
    /// What is pending, failed and in conflict. On a full disk, where the store cannot follow, what it lacks is counted in the
    /// journal.
    public func status() throws -> NodeStatus {
        try NightdropError.attempt {
            var full: (any Error)?
            do { try catchUp.run(rules) } catch {
                guard FullDisk.isCause(of: error) else { throw error }
                full = error
            }
            var status = try presentStatus()
            if let full {
                let behind = try countJournal(into: &status)
                status.add(trouble: FullDisk.words(full, operationsBehind: behind))
            }
            do { try writeStatus(status) } catch {
                guard FullDisk.isCause(of: error) else { throw error }
                // Said once is enough.
                if full == nil { status.add(trouble: "\(directory.path): the disk is full; make room on it") }
            }
            return status
        }
    }

    /// What central has told this terminal, oldest first.
    public func notices() throws -> [NoticeLine] {
        try NightdropError.attempt { try store.read { try $0.notices() } }
    }

    /// Brings `status.json` up to date. It is an indicator: what fails here must fail nothing else, and the next change
    /// writes it again.
    func statusMayHaveChanged() {
        try? writeStatus(presentStatus())
    }

    /// The same, but at most once a second.
    func writeStatusSoon() {
        guard !isStatusDue.exchange(true, ordering: .acquiringAndReleasing) else { return }
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + .seconds(1)) { [weak self] in
            guard let self else { return }
            isStatusDue.store(false, ordering: .releasing)
            statusMayHaveChanged()
        }
    }

    private func presentStatus() throws -> NodeStatus {
        var status = try Terminal.status(store, settings, directory, fileSystem, key: fingerprint)
        status.remark = remark
        return status
    }

    /// What the store and other files say. `key` is the fingerprint of the terminal's key; nil where that is not known.
    static func status(
        _ store: TerminalDatabase, _ settings: NodeSettings, _ directory: NodeDirectory, _ fileSystem: any FileSystem,
        key: String? = nil
    ) throws -> NodeStatus {
        try store.read { reader in
            let state = try reader.state()
            var status = NodeStatus(node: settings.id)
            status.lastExchange = state.exchanged
            if let error = state.error { (status.error, status.state) = (error, .failed) }
            for (entity, pending, synced) in try reader.counts() where pending > 0 || synced > 0 {
                status.tables[entity, default: .init()].pending = pending
                status.tables[entity, default: .init()].synced = synced
            }
            for (entity, counts) in NoticeCounts(try reader.notices()).tables {
                status.tables[entity, default: .init()].failed = counts.failed
                status.tables[entity, default: .init()].conflicts = counts.conflicts
            }
            status.pendingApproval = try HeldChange(in: directory, fileSystem)?.records ?? 0
            status.add(WatchReport.read(directory, fileSystem))
            if settings.central == nil {
                status.rest = "not enrolled yet"
                status.error =
                    status.error
                    ?? "give \(settings.id)\(EnrollmentRequest.fileSuffix) to head office, and import the grant that comes back"
            }
            if let refusal = try keyRefusal(reader, key: key) {
                status.notPermitted = true
                status.isKeyRefused = true
                status.error = refusal
                status.state = .failed
            }
            status.alerts = Alert.check(
                settings.id, pending: status.totals.pending, failed: status.totals.failed,
                seen: status.lastExchange ?? 0, now: Clock.now(), limits: settings.watch)
            status.checkSettings(in: directory, fileSystem)
            return status
        }
    }

    private func writeStatus(_ status: NodeStatus) throws {
        let bytes = status.json.bytes + [UInt8(ascii: "\n")]
        // Compared with the file, not with what was written last: other processes write it, too.
        guard try fileSystem.contents(directory.status) != bytes else { return }
        // Replaced whole, but not synced: after a power cut it is written again, and nothing shall wait for it.
        let partial = directory.status + ".\(UInt32.random(in: 0...UInt32.max)).partial"
        do {
            let file = try fileSystem.open(partial, .createNew(permissions: 0o644))
            try bytes.withUnsafeBytes { try file.write($0, at: 0) }
            try fileSystem.rename(partial, to: directory.status)
        } catch {
            try? fileSystem.remove(partial)
            throw error
        }
        broadcaster.send(.statusChanged)
    }
}

/// What notices say of operations: the newest of a record counts. One of a conflict that a rule has decided calls for nobody,
/// and takes nothing back of what still waits.
struct NoticeCounts {
    private(set) var tables: [String: (failed: Int64, conflicts: Int64)] = [:]

    /// Kinds of notices that tell that an operation was not taken as it was meant.
    private static let failures: Set<String> = ["permission", "validation", "lost"]

    /// The kind that tells that nothing about a record waits any more.
    private static let settlement = "resolved"

    init(_ notices: [NoticeLine]) {
        var newest: [RecordKey: NoticeLine] = [:]
        for notice in notices where notice.kind == NoticeCounts.settlement || notice.state != .decided {
            newest[RecordKey(notice.entity, notice.id)] = notice
        }
        for (record, notice) in newest where notice.kind != NoticeCounts.settlement {
            if NoticeCounts.failures.contains(notice.kind) {
                tables[record.entity, default: (0, 0)].failed += 1
            } else {
                tables[record.entity, default: (0, 0)].conflicts += 1
            }
        }
    }
}
