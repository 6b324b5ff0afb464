import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import NightdropModel
import Testing

/// A file system in memory with a till, head office, and small bundles between them.
struct BundleFixture {
    static let created: Int64 = 1_795_190_400_123  // 2026-11-20T16:00:00.123Z
    static let path = "/in/some.nightdrop.tar"
    static let inbox = "/inbox/copy.nightdrop.tar"

    let system: any FileSystem
    let till: SigningKey
    let office: SigningKey
    let hq: NodeID
    let t07: NodeID
    let journal: UniqueID

    init(system: any FileSystem = CrashFileSystem()) throws {
        self.system = system
        till = try SigningKey(seed: [UInt8](repeating: 7, count: 32))
        office = try SigningKey(seed: [UInt8](repeating: 9, count: 32))
        hq = try #require(NodeID("HQ"))
        t07 = try #require(NodeID("T07"))
        journal = try #require(UniqueID("1f3c9a20-6d0b-4a53-9c55-0b3f5e8d7a11"))
        for directory in ["/in", "/inbox"] { try system.createDirectory(directory) }
    }

    let contents = [
        BundleContent("segments/000001.jsonl.gz", bytes: Array("not quite a segment".utf8)),
        BundleContent("segments/000002.jsonl.gz", bytes: [UInt8](repeating: 5, count: 700)),
        BundleContent("echo/1", bytes: []),
    ]

    var journalManifest: Manifest {
        var manifest = Manifest(
            kind: .journal, organisation: "Corner Shops",
            from: Manifest.Sender(node: t07, store: NodeID("S1"), journal: journal, follows: nil), to: hq,
            created: Self.created, software: "nightdrop 1.0",
            clock: Manifest.ClockFacts(wall: Self.created, sinceBoot: 1000, lastSeen: 0), first: 832, last: 1042,
            operations: 211)
        manifest.segments = [
            Manifest.Segment(
                number: 1, first: 832, last: 1042, hash: ContentHash.of([1]), path: "segments/000001.jsonl.gz")
        ]
        return manifest
    }

    func answerManifest(_ kind: Manifest.Kind, first: Int64 = 346, last: Int64 = 512) throws -> Manifest {
        var manifest = Manifest(
            kind: kind, organisation: "Corner Shops",
            from: Manifest.Sender(
                node: hq, store: nil, journal: try #require(UniqueID("00000000-6d0b-4a53-9c55-0b3f5e8d7a11")),
                follows: nil),
            to: t07, created: Self.created, software: "nightdrop 1.0",
            clock: Manifest.ClockFacts(wall: Self.created, sinceBoot: 1000, lastSeen: 0), first: first, last: last,
            operations: 5)
        let id = "0123456789abcdef"
        manifest.answer = ReturnFacts(
            journal: journal, start: nil, reach: Cursor(epoch: journal, csn: last, transaction: id),
            transactions: [MergeTransaction(csn: last, id: id)], succeeds: [],
            receipt: Receipt(
                position: JournalPosition(journal: journal, seq: 1042, hash: ContentHash.of([2])), segment: nil,
                operations: 1042, totals: ControlTotals()),
            directives: [], coverage: Coverage(policyVersion: 1, receives: nil))
        return manifest
    }

    /// What head office expects: bundles of T07's key.
    func expectations(
        principal: String = "T07", namespaces: [String]? = ["nightdrop-bundle"], after: Int64? = nil,
        before: Int64? = nil, key: PublicKey? = nil, revoked: Set<String> = [], node: NodeID? = nil,
        organisation: String? = "Corner Shops"
    ) throws -> BundleExpectations {
        let entry = try AllowedSigners.Entry(
            principals: [principal], namespaces: namespaces, validAfterSeconds: after, validBeforeSeconds: before,
            key: key ?? till.publicKey)
        return BundleExpectations(
            node: node ?? hq, organisation: organisation,
            trust: .signers(AllowedSigners(entries: [entry]), revoked: revoked))
    }

    /// Writes a bundle as it should be; returns its bytes.
    @discardableResult
    func write(_ manifest: Manifest, _ contents: [BundleContent], _ key: SigningKey) throws -> [UInt8] {
        let written = try BundleWriter.write(
            manifest: manifest, contents: contents, key: key, to: Self.path, fileSystem: system, verifyCopy: true)
        let bytes = try #require(try system.contents(Self.path))
        #expect(Int64(bytes.count) == written.size)
        return bytes
    }

    /// Writes an archive of any entries.
    func pack(_ entries: [(String, [UInt8])]) throws {
        try system.publish(Self.path) { file in
            let archive = try ArchiveWriter(file, modified: 0)
            for (name, bytes) in entries { try archive.add(name, bytes) }
            _ = try archive.finish()
        }
    }

    /// Writes an archive with a signed manifest of any bytes, and any entries behind.
    func pack(
        manifest: [UInt8], namespace: String = SSHSignature.Namespace.bundle, _ entries: [(String, [UInt8])] = []
    ) throws {
        let signature = try SSHSignature.sign(manifest, namespace: namespace, key: till).armored
        try pack([("manifest.json", manifest), ("manifest.json.sig", Array(signature.utf8))] + entries)
    }

    /// Takes in what stands at the path. A refusal must leave no copy, and be the same without a copy.
    func refusal(_ expectations: BundleExpectations) throws -> BundleError? {
        let intake = BundleIntake(expectations, fileSystem: system)
        let plain = bundleError { _ = try intake.take(Self.path) }
        let copying = bundleError { _ = try intake.take(Self.path, into: Self.inbox) }
        #expect(plain == copying)
        #expect(try system.names(in: "/inbox") == (copying == nil ? [Path.name(of: Self.inbox)] : []))
        try system.remove(Self.inbox)
        return plain
    }
}

/// The bundle error that `body` throws; another error is a failure of the test.
func bundleError(_ body: () throws -> Void) -> BundleError? {
    do {
        try body()
        return nil
    } catch {
        #expect(error is BundleError, "\(error)")
        return error as? BundleError
    }
}
