import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

/// Writes the return bundle for one terminal: read from the store at one moment, so at one CSN.
struct ReturnWriter {
    let central: Central
    let terminal: TerminalRow
    /// What the terminal shall do.
    var directives: [Directive] = []
    /// A grant also brings central's keys, and starts from nothing.
    var isGrant = false

    /// Writes the bundle into a folder and returns it.
    func write(into folder: String) throws -> WrittenBundle {
        let fileSystem = central.fileSystem
        let changes = central.directory.outbox + "/.changes-\(terminal.node)-\(UniqueID.random().short).jsonl.gz"
        defer { try? fileSystem.remove(changes) }
        let (manifest, contents) = try central.store.read { reader in try collect(reader, changes: changes) }
        return try BundleWriter.write(
            manifest: manifest, contents: contents, key: central.key, to: folder + "/" + manifest.fileName,
            fileSystem: fileSystem, verifyCopy: true)
    }

    private func collect(_ reader: any CentralReader, changes path: String) throws -> (Manifest, [BundleContent]) {
        let reach = try reader.cursor()
        let start = isGrant ? nil : try terminal.cursor.flatMap { try reader.holds($0) ? $0 : nil }
        let count = try writeChanges(reader, after: start?.csn ?? 0, to: path)
        let journal = try reader.journals().first { $0.journal == terminal.journal }
        let receipt =
            journal?.receipt
            ?? Receipt(
                position: JournalPosition(journal: terminal.journal, seq: 0, hash: .none), segment: nil, operations: 0,
                totals: ControlTotals())
        let notices = try reader.notices(for: terminal.node, after: start?.csn ?? 0)
        var manifest = Manifest(
            kind: isGrant ? .grant : start == nil ? .snapshot : .return, organisation: central.organisation,
            from: Manifest.Sender(node: central.settings.id, store: nil, journal: central.journalID, follows: nil),
            to: terminal.node, created: Clock.now(), software: Software.name,
            clock: Manifest.ClockFacts(wall: Clock.now(), sinceBoot: Clock.sinceBoot(), lastSeen: 0),
            first: start?.csn ?? 0, last: reach.csn, operations: count)
        manifest.answer = ReturnFacts(
            journal: terminal.journal, start: start, reach: reach,
            transactions: try start.map { try reader.transactions(after: $0.csn) }
                ?? [MergeTransaction(csn: reach.csn, id: reach.transaction)],
            succeeds: [], receipt: receipt, directives: directives, policyVersion: central.policy.version)
        return (manifest, try contents(changes: path, count: count, notices))
    }

    private func contents(changes path: String, count: Int64, _ notices: [NoticeLine]) throws -> [BundleContent] {
        var contents: [BundleContent] = []
        if count > 0, let size = try central.fileSystem.status(path)?.size {
            contents.append(BundleContent("changes/000001.jsonl.gz", file: path, length: size))
        }
        if !notices.isEmpty {
            let lines = notices.flatMap { $0.json.bytes + [UInt8(ascii: "\n")] }
            contents.append(BundleContent("notices/000001.jsonl", bytes: lines))
        }
        let policy = PolicyFile.text(for: central.policy)
        contents.append(BundleContent("policy.yaml", bytes: Array(policy.utf8)))
        if isGrant {
            let signers = try AllowedSigners(file: central.fileSystem.contents(central.directory.allowedSigners) ?? [])
            let own = signers.entries.filter { $0.principals == [central.settings.id.text] }
            contents.append(
                BundleContent(
                    "keys/allowed_signers", bytes: Array((own.map(\.line).joined(separator: "\n") + "\n").utf8)))
        }
        return contents
    }

    /// Writes the lines of changes, compressed on all cores, and returns how many there are.
    private func writeChanges(_ reader: any CentralReader, after csn: Int64, to path: String) throws -> Int64 {
        let file = try central.fileSystem.open(path, .createNew(permissions: 0o600))
        var offset: Int64 = 0
        var chunks: [[UInt8]] = []
        func compress() throws {
            for member in try GzipMembers.compress(chunks) {
                try member.withUnsafeBytes { try file.write($0, at: offset) }
                offset += Int64(member.count)
            }
            chunks.removeAll(keepingCapacity: true)
        }
        let count = try reader.changes(after: csn, store: terminal.store, policy: central.policy) { lines in
            chunks.append(Array(lines))
            if chunks.count == ReturnWriter.membersAtOnce { try compress() }
        }
        try compress()
        return count
    }

    /// Members of about 1 MiB of text each: enough for a few cores, little enough memory.
    private static let membersAtOnce = 8
}
