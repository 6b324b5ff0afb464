import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import NightdropModel
import Testing

@Suite struct BundleIntakeTests {
    let fixture: BundleFixture

    init() throws { fixture = try BundleFixture() }

    @Test func takesAWholeBundle() throws {
        let bytes = try fixture.write(fixture.journalManifest, fixture.contents, fixture.till)
        let intake = BundleIntake(try fixture.expectations(), fileSystem: fixture.system)
        let bundle = try intake.take(BundleFixture.path, into: BundleFixture.inbox)
        #expect(try fixture.system.contents(BundleFixture.inbox) == bytes)
        #expect(bundle.path == BundleFixture.inbox)
        #expect(bundle.key == fixture.till.publicKey)
        #expect(bundle.manifestBytes == bundle.manifest.bytes)
        #expect(bundle.manifest.entries.map(\.path) == fixture.contents.map(\.name))
        #expect(try bundle.read("echo/1") == [])
        #expect(try bundle.read("segments/000002.jsonl.gz") == [UInt8](repeating: 5, count: 700))
        var pieces: [UInt8] = []
        try bundle.withEntry("segments/000001.jsonl.gz") { pieces += Array($0) }
        #expect(String(decoding: pieces, as: UTF8.self) == "not quite a segment")
        let range = try bundle.entryRange("segments/000001.jsonl.gz")
        #expect(Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]) == pieces)
        #expect(bundleError { _ = try bundle.read("absent") }?.code == .malformed)
    }

    @Test func theCopySurvivesAPowerCut() throws {
        let memory = CrashFileSystem()
        let fixture = try BundleFixture(system: memory)
        let bytes = try fixture.write(fixture.journalManifest, fixture.contents, fixture.till)
        _ = try BundleIntake(try fixture.expectations(), fileSystem: memory)
            .take(BundleFixture.path, into: BundleFixture.inbox)
        #expect(try memory.crashed().contents(BundleFixture.inbox) == bytes)
    }

    @Test func readingAgainNoticesChanges() throws {
        var bytes = try fixture.write(fixture.journalManifest, fixture.contents, fixture.till)
        let bundle = try BundleIntake(try fixture.expectations(), fileSystem: fixture.system).take(BundleFixture.path)
        bytes[Int(try bundle.entryRange("segments/000001.jsonl.gz").lowerBound)] ^= 1
        try fixture.system.publish(BundleFixture.path, bytes: bytes)
        #expect(bundleError { _ = try bundle.read("segments/000001.jsonl.gz") }?.code == .damaged)
    }

    @Test func whoMaySign() throws {
        try fixture.write(fixture.journalManifest, fixture.contents, fixture.till)
        let seconds = BundleFixture.created / 1000
        let other = fixture.office.publicKey
        let cases: [(BundleExpectations, BundleError.Code?)] = [
            (try fixture.expectations(), nil),
            (try fixture.expectations(namespaces: nil), nil),
            (try fixture.expectations(after: seconds, before: seconds + 1), nil),
            (try fixture.expectations(key: other), .unknownKey),
            (try fixture.expectations(principal: "T08"), .unknownKey),
            (try fixture.expectations(principal: "t07"), .unknownKey),
            (try fixture.expectations(namespaces: ["nightdrop-enroll"]), .unknownKey),
            (try fixture.expectations(after: seconds + 1), .unknownKey),
            (try fixture.expectations(before: seconds - 1), .unknownKey),
            (try fixture.expectations(revoked: [other.fingerprint]), nil),
            (try fixture.expectations(revoked: [fixture.till.publicKey.fingerprint]), .revokedKey),
            (try fixture.expectations(organisation: "Other Shops"), .wrongOrganisation),
            (try fixture.expectations(organisation: nil), nil),
            (try fixture.expectations(node: NodeID("hq")), .wrongAddressee),
        ]
        for (index, (expectations, code)) in cases.enumerated() {
            #expect(try fixture.refusal(expectations)?.code == code, "case \(index)")
        }
    }

    @Test func statusesAreThoseOfTheCommandLine() {
        let statuses: [BundleError.Code: Int32] = [
            .incomplete: 75, .damaged: 65, .malformed: 65, .unsigned: 77, .unknownKey: 77, .revokedKey: 77,
            .notPinnedKey: 77, .wrongOrganisation: 77, .wrongAddressee: 65, .unknownFormat: 65, .unknownCapability: 65,
            .limit: 65, .olderEpoch: 65, .fork: 65, .notFound: 66, .cannotCreate: 73, .inputOutput: 74,
        ]
        for code in BundleError.Code.allCases {
            #expect(BundleError(code, file: "f", "r").status == statuses[code], "\(code)")
        }
        let error = BundleError(.unknownKey, file: "f", entry: "e", "r")
        #expect(error.summary == "unknown-key: e: r")
        #expect(error.description == "f: e: r")
    }

    @Test func limitsAndKinds() throws {
        let bytes = try fixture.write(fixture.journalManifest, fixture.contents, fixture.till)
        var expectations = try fixture.expectations()
        expectations.maximumBytes = Int64(bytes.count)
        #expect(try fixture.refusal(expectations) == nil)
        expectations.maximumBytes -= 1
        #expect(try fixture.refusal(expectations)?.code == .limit)
        expectations = try fixture.expectations()
        expectations.kinds = [.return]
        #expect(try fixture.refusal(expectations)?.code == .malformed)
        try fixture.pack([("manifest.json", [UInt8](repeating: 32, count: (4 << 20) + 1))])
        #expect(try fixture.refusal(try fixture.expectations())?.code == .limit)
    }

    @Test func formsThatAreRefused() throws {
        let expectations = try fixture.expectations()
        var manifest = fixture.journalManifest
        manifest.segments = []
        func replacing(_ old: String, _ new: String) -> [UInt8] {
            Array(String(decoding: manifest.bytes, as: UTF8.self).replacing(old, with: new).utf8)
        }
        func refusal() throws -> BundleError.Code? { try fixture.refusal(expectations)?.code }

        try fixture.pack(manifest: manifest.bytes)
        #expect(try refusal() == nil)
        try fixture.pack(manifest: replacing("bundle/1", "bundle/2"))
        #expect(try refusal() == .unknownFormat)
        try fixture.pack(manifest: replacing("\"requires\":[]", "\"requires\":[\"wings\"]"))
        #expect(try refusal() == .unknownCapability)
        try fixture.pack(manifest: Array("{}".utf8))
        #expect(try refusal() == .malformed)
        try fixture.pack(manifest: manifest.bytes, [("segments/extra", [])])
        #expect(try refusal() == .malformed)
        try fixture.pack(manifest: manifest.bytes, namespace: "nightdrop-enroll")
        #expect(try refusal() == .unsigned)
        try fixture.pack([("manifest.json", manifest.bytes)])
        #expect(try refusal() == .unsigned)
        try fixture.pack([("manifest.json", manifest.bytes), ("manifest.json.sig", [])])
        #expect(try refusal() == .unsigned)
        try fixture.pack([("manifest.json", manifest.bytes), ("manifest.json.sig", Array("no signature".utf8))])
        #expect(try refusal() == .damaged)
        try fixture.pack([("README", [])])
        #expect(try refusal() == .malformed)
        try fixture.system.publish(BundleFixture.path, bytes: [UInt8](repeating: 65, count: 4096))
        #expect(try refusal() == .malformed)
        try fixture.system.publish(BundleFixture.path, bytes: [])
        #expect(try refusal() == .incomplete)
        try fixture.system.remove(BundleFixture.path)
        #expect(try refusal() == .notFound)
    }

    @Test func entriesMustBeExactlyTheManifests() throws {
        let expectations = try fixture.expectations()
        var manifest = fixture.journalManifest
        manifest.segments = []
        func entry(_ path: String, _ bytes: [UInt8]) -> Manifest.Entry {
            Manifest.Entry(path: path, size: Int64(bytes.count), hash: ContentHash.of(bytes))
        }
        func refusal(_ named: [Manifest.Entry], _ packed: [(String, [UInt8])]) throws -> BundleError? {
            manifest.entries = named
            try fixture.pack(manifest: manifest.bytes, packed)
            return try fixture.refusal(expectations)
        }
        let (a, b) = (entry("segments/a", [1]), entry("segments/b", [2]))
        #expect(try refusal([a, b], [("segments/a", [1]), ("segments/b", [2])]) == nil)
        #expect(try refusal([a, b], [("segments/b", [2]), ("segments/a", [1])])?.code == .malformed)
        let changed = try #require(try refusal([a, b], [("segments/a", [1]), ("segments/b", [3])]))
        #expect(changed.code == .damaged)
        #expect(changed.entry == "segments/b")
        let missing = try #require(try refusal([a, b], [("segments/a", [1])]))
        #expect(missing.code == .damaged)
        #expect(missing.entry == "segments/b")
        #expect(try refusal([a], [("segments/a", [1, 1])])?.code == .damaged)
        #expect(try refusal([a, a], [("segments/a", [1])])?.code == .malformed)
        let blob = "blobs/sha256-\(ContentHash.of([4]).digits)"
        #expect(try refusal([entry(blob, [4])], [(blob, [4])]) == nil)
        #expect(try refusal([entry(blob, [5])], [(blob, [5])])?.code == .malformed)
        for name in ["policy.yaml", "changes/1", "segments", "other", "keys/allowed_signers"] {
            #expect(try refusal([entry(name, [1])], [(name, [1])])?.code == .malformed, "\(name)")
        }
        manifest.segments = [
            Manifest.Segment(number: 1, first: 1, last: 2, hash: ContentHash.of([1]), path: "segments/absent")
        ]
        #expect(try refusal([a], [("segments/a", [1])])?.code == .malformed)
    }

    @Test func whatStrangersWriteDoesNotSteerTheScreen() throws {
        var manifest = fixture.journalManifest
        manifest.organisation = "\u{1B}[2J\u{202E}" + String(repeating: "x", count: 1000)
        try fixture.write(manifest, fixture.contents, fixture.till)
        let error = try #require(try fixture.refusal(try fixture.expectations()))
        #expect(error.code == .wrongOrganisation)
        #expect(!error.reason.unicodeScalars.contains("\u{1B}"))
        #expect(!error.reason.unicodeScalars.contains("\u{202E}"))
        #expect(error.reason.count < 300)
    }

    @Test func theFirstGrant() throws {
        let keys = Array("HQ namespaces=\"nightdrop-bundle\" \(fixture.office.publicKey.line())\n".utf8)
        let contents = [
            BundleContent("changes/1", bytes: [1]), BundleContent("keys/allowed_signers", bytes: keys),
        ]
        func refusal(_ pinned: String?) throws -> BundleError.Code? {
            let trust = BundleTrust.firstUse(pinnedFingerprint: pinned)
            return try fixture.refusal(BundleExpectations(node: fixture.t07, organisation: nil, trust: trust))?.code
        }
        try fixture.write(try fixture.answerManifest(.grant), contents, fixture.office)
        #expect(try refusal(nil) == nil)
        #expect(try refusal(fixture.office.publicKey.fingerprint) == nil)
        #expect(try refusal(fixture.till.publicKey.fingerprint) == .notPinnedKey)
        try fixture.write(try fixture.answerManifest(.grant), contents, fixture.till)
        #expect(try refusal(nil) == .unknownKey)
        #expect(
            bundleError { try fixture.write(try fixture.answerManifest(.grant), [contents[0]], fixture.office) }?.code
                == .malformed)
        try fixture.write(try fixture.answerManifest(.return), contents, fixture.office)
        #expect(try refusal(nil) == .unknownKey)
        let foreign = [BundleContent("keys/allowed_signers", bytes: Array("HQ ssh-rsa AAAA\n".utf8))]
        try fixture.write(try fixture.answerManifest(.grant), foreign, fixture.office)
        #expect(try refusal(nil) == .malformed)
    }
}
