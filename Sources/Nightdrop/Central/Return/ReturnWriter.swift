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
    /// The fingerprint of a key of the terminal that is refused: then the bundle says that and nothing else, as whoever has
    /// that key may not be who it says.
    var refusedKey: String?

    /// Writes the bundle into a folder, in parts if it is larger than `limit`, and returns it or them. What it holds is put
    /// together in the outbox before anything is written there.
    func write(
        into folder: String, limit: Int64 = .max, progress: (@Sendable (ExchangeProgress) -> Void)? = nil
    ) throws -> [WrittenBundle] {
        let fileSystem = central.fileSystem
        let changes = central.directory.outbox + "/.changes-\(terminal.node)-\(UniqueID.random().short).jsonl.gz"
        let own = central.directory.outbox + "/.own-\(terminal.node)-\(UniqueID.random().short).jsonl.gz"
        defer {
            try? fileSystem.remove(changes)
            try? fileSystem.remove(own)
        }
        let (manifest, contents) = try central.composing {
            try central.store.read { reader in
                let (manifest, contents) = try collect(reader, changes: changes)
                return (manifest, try contents + ownOperations(reader, to: own))
            }
        }
        return try parts(manifest, contents, limit).map { part, contents in
            let path = folder + "/" + part.fileName
            return try BundleWriter.write(
                manifest: part, contents: contents, key: central.key, to: path, fileSystem: fileSystem,
                verifyCopy: true, progress: ExchangeProgress.writing(path, progress))
        }
    }

    private func parts(
        _ manifest: Manifest, _ contents: [BundleContent], _ limit: Int64
    ) throws -> [(Manifest, [BundleContent])] {
        do {
            return try BundleParts.divide(manifest, contents, limit: limit, fileSystem: central.fileSystem)
        } catch let error as BundleError {
            guard error.code == .limit else { throw error }
            throw NightdropError(.usage, error.description)
        }
    }

    private func collect(_ reader: any CentralReader, changes path: String) throws -> (Manifest, [BundleContent]) {
        var manifest = try outline(reader)
        guard refusedKey == nil else { return (manifest, []) }
        let start = manifest.answer?.start?.csn ?? 0
        let selection = ReturnSelection(
            start: start, store: terminal.store, policy: central.policy, coverage: central.coverage(of: terminal),
            whole: Set(manifest.answer?.whole ?? []))
        manifest.operations = try writeChanges(reader, selection, to: path)
        let notices = try reader.notices(for: terminal.node, after: start)
        return (manifest, try contents(changes: path, count: manifest.operations, notices))
    }

    /// The manifest, but for the number of changes.
    func outline(_ reader: any CentralReader) throws -> Manifest {
        let reach = try reader.cursor()
        let coverage = central.coverage(of: terminal)
        if let refusedKey { return notice(of: refusedKey, standing: reach, coverage) }
        let start = try start(reader)
        let whole = try start.map { try reachChanges(reader, from: $0.coverage, to: coverage) } ?? []
        let journal = try reader.journal(terminal.journal)
        let receipt =
            journal?.receipt
            ?? Receipt(
                position: JournalPosition(journal: terminal.journal, seq: 0, hash: .none), segment: nil, operations: 0,
                totals: ControlTotals())
        var manifest = manifest(
            isGrant ? .grant : start == nil ? .snapshot : .return, from: start?.cursor.csn ?? 0, to: reach.csn)
        let own = try OwnJournal.named(by: reader, in: central.directory)
        (manifest.from.journal, manifest.from.follows) = (own.id, own.follows)
        manifest.answer = ReturnFacts(
            journal: terminal.journal, start: start?.cursor, reach: reach,
            transactions: try start.map { try reader.transactions(after: $0.cursor.csn) }
                ?? [MergeTransaction(csn: reach.csn, id: reach.transaction)],
            succeeds: try reader.epochs().succeeded, receipt: receipt,
            directives: directives + (try reader.isRequested(terminal) ? [.exchange] : []), coverage: coverage,
            basis: start?.coverage, whole: whole)
        return manifest
    }

    private func manifest(_ kind: Manifest.Kind, from first: Int64, to last: Int64) -> Manifest {
        Manifest(
            kind: kind, organisation: central.organisation,
            from: Manifest.Sender(node: central.settings.id, store: nil, journal: central.journalID, follows: nil),
            to: terminal.node, created: Clock.now(), software: Software.name,
            clock: Manifest.ClockFacts(wall: Clock.now(), sinceBoot: Clock.sinceBoot(), lastSeen: 0),
            first: first, last: last, operations: 0)
    }

    /// A return from where the terminal said that it stands to there, without a receipt: whoever does not know the directive
    /// finds nothing in it.
    private func notice(of key: String, standing reach: Cursor, _ coverage: Coverage) -> Manifest {
        let cursor = terminal.cursor ?? reach
        var manifest = manifest(.return, from: cursor.csn + 1, to: cursor.csn)
        manifest.answer = ReturnFacts(
            journal: terminal.journal, start: cursor, reach: cursor,
            transactions: [MergeTransaction(csn: cursor.csn, id: cursor.transaction)], succeeds: [],
            receipt: Receipt(
                position: JournalPosition(journal: terminal.journal, seq: 0, hash: .none), segment: nil, operations: 0,
                totals: ControlTotals()),
            directives: [.keyRefused(key)], coverage: terminal.coverage ?? coverage,
            basis: terminal.coverage ?? coverage, whole: [])
        return manifest
    }

    /// Where the terminal stands, and what it holds there; nil where it needs a snapshot.
    private func start(_ reader: any CentralReader) throws -> (cursor: Cursor, coverage: Coverage)? {
        guard !isGrant, let cursor = terminal.cursor, let coverage = terminal.coverage, try reader.holds(cursor),
            try reader.setting(Central.policySetting(coverage.policyVersion)) != nil
        else { return nil }
        // What was deleted and removed behind the cursor could not be told.
        guard cursor.csn >= (try reader.setting(Central.removedSetting).flatMap { Int64($0) } ?? 0) else { return nil }
        return (cursor, coverage)
    }

    /// The entities that reach the terminal otherwise than before, sorted.
    private func reachChanges(
        _ reader: any CentralReader, from old: Coverage, to new: Coverage
    ) throws -> [String] {
        guard old != new, let text = try reader.setting(Central.policySetting(old.policyVersion)) else { return [] }
        let before = try PolicyFile.parse(text, file: central.directory.policy)
        let names = try Set(reader.entities()).union(before.entities.map(\.name))
        return names.filter { name in
            old.reach(of: before.entity(name)) != new.reach(of: central.policy.entity(name))
        }.sorted()
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
    private func writeChanges(
        _ reader: any CentralReader, _ selection: ReturnSelection, to path: String
    ) throws -> Int64 {
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
        let count = try reader.changes(selection) { lines in
            chunks.append(Array(lines))
            if chunks.count == ReturnWriter.membersAtOnce { try compress() }
        }
        try compress()
        return count
    }

    /// Members of about 1 MiB of text each: enough for a few cores, little enough memory.
    private static let membersAtOnce = 8
}

extension Central {
    /// Puts together what is to be left somewhere, while no other life of the store begins. It is written after that.
    fileprivate func composing<Answer>(_ body: () throws -> Answer) throws -> Answer {
        let lock = try fileSystem.lock(directory.path + "/export.lock", wait: true)
        return try withExtendedLifetime(lock, body)
    }
}

extension Coverage {
    /// Whom an entity's records reach; nil where they do not reach a terminal of this coverage.
    fileprivate func reach(of entity: EntityPolicy) -> Scope? {
        entity.isFact || !includes(entity.name) ? nil : entity.scope
    }
}
