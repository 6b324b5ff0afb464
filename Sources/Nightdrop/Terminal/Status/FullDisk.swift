import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStore
import NightdropStoreSQLite

/// A till's disk that has no room left.
enum FullDisk {
    /// Whether that is why something failed.
    static func isCause(of error: any Error) -> Bool {
        switch error {
        case let error as StoreError: error.kind == .full
        case let error as JournalError: error.kind == .noSpace
        case let error as FileError: error.kind == .noSpace
        default: false
        }
    }

    /// Why the store could not follow the journal, and that nothing is lost.
    static func words(_ error: any Error, operationsBehind count: Int64) -> String {
        let message = NightdropError(error).message
        guard count > 0 else { return message }
        return "\(message) (operations that stand in the journal only: \(count); they are safe, and counted here)"
    }
}

extension Terminal {
    /// The status of a till, also of one that cannot be opened because its disk is full: then as it was last written.
    public static func status(at path: String) throws -> NodeStatus {
        try NightdropError.attempt {
            let (directory, disk) = (NodeDirectory(path), DiskFileSystem())
            let parts: TerminalParts
            do { parts = try TerminalParts(directory, disk) } catch {
                guard FullDisk.isCause(of: error) else { throw error }
                return try lastStatus(directory, disk, why: error)
            }
            return try Terminal(parts, directory, disk).status()
        }
    }

    /// Counts what the journal holds and the store does not: whatever is sent is taken in before, so no
    /// receipt covers it.
    func countJournal(into status: inout NodeStatus) throws -> Int64 {
        let position = try store.read { try $0.state() }.position(in: identity.journal)
        let last = journal.lastSeq
        guard position < last else { return 0 }
        try journal.reader.read(from: position + 1, through: last) { lines, operations in
            for operation in operations {
                let entity = String(decoding: lines[operation.entity], as: UTF8.self)
                status.tables[entity, default: .init()].pending += 1
            }
        }
        return last - position
    }

    private static func lastStatus(
        _ directory: NodeDirectory, _ fileSystem: any FileSystem, why error: any Error
    ) throws -> NodeStatus {
        var status = NodeStatus(node: try TerminalParts.settings(directory, fileSystem).id)
        status.rest = "what is to send cannot be counted now"
        let known = try fileSystem.contents(directory.status).flatMap { try? JSONValue.parse($0) }
        if let known { status.readCounts(known) }
        status.add(WatchReport.read(directory, fileSystem))
        status.add(
            trouble: NightdropError(error).message
                + (known == nil ? "" : " (the figures are those that were known before)"))
        status.checkSettings(in: directory, fileSystem)
        return status
    }
}

extension NodeStatus {
    /// Takes the figures out of what was written before.
    fileprivate mutating func readCounts(_ json: JSONValue) {
        lastExchange = json["lastExchange"]?.text.flatMap { Timestamp.milliseconds($0) }
        pendingApproval = json["pendingApproval"]?.integer ?? 0
        for table in json["tables"]?.members ?? [] {
            func count(_ name: String) -> Int64 { table.value[name]?.integer ?? 0 }
            var counts = Counts()
            counts.pending = count("pending")
            counts.failed = count("failed")
            counts.synced = count("synced")
            counts.conflicts = count("conflicts")
            tables[table.name] = counts
        }
    }
}
