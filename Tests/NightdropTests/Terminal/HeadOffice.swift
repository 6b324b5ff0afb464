import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import Testing

/// Writes answers to one terminal by hand, with a key of its own.
final class HeadOffice {
    static let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          sale: {direction: up, priority: 10, onDuplicate: keep-both, controlTotal: total,
                 fields: {total: {type: decimal, required: true}}}
          product: {direction: both, fields: {price: {type: decimal, merge: central-wins}, name: {type: text, maxLength: 8}}}
          inventory: {direction: both, controlTotal: quantity, fields: {quantity: {type: decimal, merge: counter}}}
          tax: {direction: down, fields: {rate: {type: decimal}}}
          setting: {direction: both, writers: central}
          table: {direction: both, scope: store, fields: {seats: {type: integer}}}

        """

    let key = SigningKey.generate(comment: "HQ")
    let journal = UniqueID.random()
    var epoch = UniqueID.random()
    private let folder: TestFolder
    private let terminal: NodeID

    init(_ folder: TestFolder, for terminal: String = "T07") throws {
        self.folder = folder
        self.terminal = try #require(NodeID(terminal))
    }

    func cursor(_ csn: Int64) -> Cursor {
        Cursor(epoch: epoch, csn: csn, transaction: String(repeating: "0", count: 16 - String(csn).count) + String(csn))
    }

    /// Writes a bundle from a cursor (nil for a snapshot) to one, with lines of changes, and returns its path.
    func answer(
        _ kind: Manifest.Kind = .return, from start: Int64?, to reach: Int64, _ changes: [String],
        receipt seq: Int64 = 0,
        notices: [NoticeLine] = [], policy: String? = nil, transactions: [Int64] = [], hash: ContentHash? = nil,
        name: String? = nil, part: (number: Int, of: Int) = (1, 1)
    ) throws -> String {
        let own = try ownJournal()
        let line = seq > 0 ? try own.reader.line(seq: seq) : []
        let position = JournalPosition(
            journal: own.id, seq: seq, hash: hash ?? (seq > 0 ? ContentHash.of(line) : ContentHash.none))
        var manifest = Manifest(
            kind: kind, organisation: "Corner Shops",
            from: Manifest.Sender(node: try #require(NodeID("HQ")), store: nil, journal: journal, follows: nil),
            to: terminal, created: 1_790_000_000_000, software: "test",
            clock: Manifest.ClockFacts(wall: 1_790_000_000_000, sinceBoot: 0, lastSeen: 0), first: start ?? 0,
            last: reach, operations: Int64(changes.count))
        manifest.answer = ReturnFacts(
            journal: own.id, start: start.map(cursor), reach: cursor(reach),
            transactions: (transactions + [reach]).map { MergeTransaction(csn: $0, id: cursor($0).transaction) },
            succeeds: [], receipt: Receipt(position: position, segment: nil, operations: seq, totals: ControlTotals()),
            directives: [], coverage: Coverage(policyVersion: 1, receives: nil),
            basis: start.map { _ in Coverage(policyVersion: 1, receives: nil) })
        (manifest.part, manifest.parts) = part
        var contents: [BundleContent] = []
        if !changes.isEmpty {
            var member: [UInt8] = []
            try GzipCompressor(level: 6).append(
                member: Array((changes.joined(separator: "\n") + "\n").utf8), to: &member)
            contents.append(BundleContent("changes/000001.jsonl.gz", bytes: member))
        }
        if !notices.isEmpty {
            contents.append(
                BundleContent("notices/000001.jsonl", bytes: notices.flatMap { $0.json.bytes + [UInt8(ascii: "\n")] }))
        }
        if let policy { contents.append(BundleContent("policy.yaml", bytes: Array(policy.utf8))) }
        if kind == .grant {
            let entry = try AllowedSigners.Entry(
                principals: ["HQ"], namespaces: [SSHSignature.Namespace.bundle], key: key.publicKey)
            contents.append(BundleContent("keys/allowed_signers", bytes: Array((entry.line + "\n").utf8)))
        }
        let path = folder(name ?? manifest.fileName)
        return try BundleWriter.write(
            manifest: manifest, contents: contents, key: key, to: path, fileSystem: DiskFileSystem(), verifyCopy: false
        ).path
    }

    /// A terminal that has taken in a grant with the policy above and some changes, and stands at change 10.
    static func enrolled(
        _ folder: TestFolder, _ changes: [String] = []
    ) throws -> (office: HeadOffice, terminal: Terminal) {
        let terminal = try Terminal.test(folder)
        let office = try HeadOffice(folder)
        let grant = try office.answer(.grant, from: nil, to: 10, changes, policy: policy, name: "grant.nightdrop.tar")
        try #require(terminal.take([grant]).map(\.outcome) == [.merged])
        return (office, terminal)
    }

    private func ownJournal() throws -> (id: UniqueID, reader: JournalReader) {
        let fileSystem = DiskFileSystem()
        let name = try #require(try fileSystem.names(in: folder("\(terminal)/journal")).first)
        let reader = JournalReader(fileSystem: fileSystem, directory: folder("\(terminal)/journal/\(name)"))
        return (try #require(try reader.segments().first).header.journal, reader)
    }
}
