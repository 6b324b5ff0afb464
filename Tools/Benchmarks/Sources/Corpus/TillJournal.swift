import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel

/// Writes a till's operations as sealed segments and bundles, as a till would carry them.
struct TillJournal {
    let node: NodeID
    let store: NodeID
    let journal: UniqueID
    let key: SigningKey
    private let organisation: String
    private let controlFields: [String: String]
    private let scratch: String
    private var segment: Int64 = 0
    private var last: Int64 = 0
    private var previous = ContentHash.none
    private let fileSystem = DiskFileSystem()

    init(node: NodeID, store: NodeID, seed: UInt64, policy: Policy, scratch: String) throws {
        self.node = node
        self.store = store
        self.scratch = scratch
        organisation = policy.organisation
        var random = SeededRandom(seed)
        journal = UniqueID.random(using: &random)
        key = try SigningKey(seed: (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }, comment: node.text)
        var fields: [String: String] = [:]
        for entity in policy.entities { fields[entity.name] = entity.controlTotal }
        controlFields = fields
    }

    /// The enrollment request of the till.
    func request() throws -> [UInt8] {
        try EnrollmentRequest(
            node: node, store: store, journal: journal, key: key.publicKey, created: 1_767_500_000_000,
            software: "benchmark"
        ).signed(with: key)
    }

    /// Writes a bundle of the operations into a folder, and appends their lines to `lines`.
    mutating func write(
        _ operations: [NumberedOperation], cursor: Cursor?, to folder: String, lines: inout [UInt8]
    ) throws {
        let first = last + 1
        var contents: [BundleContent] = []
        var manifest = Manifest(
            kind: .journal, organisation: organisation,
            from: Manifest.Sender(node: node, store: store, journal: journal, follows: nil), to: Corpus.central,
            created: 1_767_600_000_000 + first, software: "benchmark",
            clock: Manifest.ClockFacts(wall: 1_767_600_000_000, sinceBoot: 1000, lastSeen: 0), first: first,
            last: first - 1, operations: Int64(operations.count))
        manifest.cursor = cursor
        manifest.coverage = cursor.map { _ in Coverage(policyVersion: 1, receives: nil) }
        // A segment is closed at 16 MiB of text at the latest.
        for start in stride(from: 0, to: operations.count, by: 40_000) {
            let part = operations[start..<min(start + 40_000, operations.count)]
            let (bytes, entry) = try seal(part, cursor, &lines)
            let file = "\(scratch)/\(node)-\(segment).jsonl.gz"
            try fileSystem.publish(file, bytes: bytes)
            contents.append(BundleContent(entry.path, file: file, length: Int64(bytes.count)))
            manifest.segments.append(entry)
            manifest.last = entry.last
        }
        _ = try BundleWriter.write(
            manifest: manifest, contents: contents, key: key, to: folder + "/" + manifest.fileName,
            fileSystem: fileSystem, verifyCopy: false)
        for number in 0..<Int64(contents.count) {
            try fileSystem.remove("\(scratch)/\(node)-\(segment - number).jsonl.gz")
        }
    }

    private mutating func seal(
        _ operations: ArraySlice<NumberedOperation>, _ cursor: Cursor?, _ lines: inout [UInt8]
    ) throws -> ([UInt8], Manifest.Segment) {
        segment += 1
        let first = last + 1
        let header = SegmentHeader(
            node: node, store: store, journal: journal, segment: segment, first: first, previous: previous,
            follows: nil,
            epoch: cursor?.epoch, policyVersion: 1, controlFields: controlFields, created: 1_767_600_000_000)
        var text = header.line + [UInt8(ascii: "\n")]
        let head = text.count
        for operation in operations { OperationWriter.append(operation, to: &text) }
        lines.append(contentsOf: text[head...])
        var parser = SegmentParser()
        _ = try text.withUnsafeBytes { try parser.parse($0, 0..<$0.count) { _ in } }
        let trailer = SegmentTrailer(last: parser.last, count: parser.count, totals: parser.totals)
        text.append(contentsOf: trailer.line + [UInt8(ascii: "\n")])
        last = parser.last
        previous = parser.hash
        let entry = Manifest.Segment(
            number: segment, first: first, last: last, hash: parser.hash,
            path: "segments/\(Till.digits(Int(segment), 6)).jsonl.gz")
        return (try TillJournal.members(of: text).flatMap { $0 }, entry)
    }

    /// Whole lines of about 1 MiB to a member.
    private static func members(of text: [UInt8]) throws -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var start = 0
        while start < text.count {
            var end = min(start + Limits.memberTextBytes, text.count)
            if end < text.count, let newline = text[start..<end].lastIndex(of: UInt8(ascii: "\n")) { end = newline + 1 }
            parts.append(Array(text[start..<end]))
            start = end
        }
        return try GzipMembers.compress(parts)
    }
}
