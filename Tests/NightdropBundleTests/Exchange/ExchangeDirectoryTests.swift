import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import NightdropModel
import Testing

@Suite struct ExchangeDirectoryTests {
    let fixture: BundleFixture
    let system = CrashFileSystem()
    let stick: ExchangeDirectory

    init() throws {
        fixture = try BundleFixture(system: system)
        try system.createDirectory("/stick")
        stick = ExchangeDirectory("/stick", fileSystem: system)
    }

    private func touch(_ paths: String...) throws {
        for path in paths {
            try system.createDirectory(Path.directory(of: path))
            try system.publish(path, bytes: [])
        }
    }

    @Test func findsTheBundlesForANode() throws {
        #expect(try stick.bundles(for: fixture.hq) == [])
        try touch(
            "/stick/b.nightdrop.tar", "/stick/to/HQ/a.nightdrop.tar", "/stick/to/HQ/c.nightdrop.tar.age",
            "/stick/to/HQ/._a.nightdrop.tar", "/stick/to/HQ/d.nightdrop.tar.partial", "/stick/to/HQ/e.tar",
            "/stick/to/T07/f.nightdrop.tar", "/stick/nightdrop.marker", "/stick/sub/g.nightdrop.tar")
        try system.createDirectory("/stick/to/HQ/folder.nightdrop.tar")
        #expect(
            try stick.bundles(for: fixture.hq) == [
                "/stick/to/HQ/a.nightdrop.tar", "/stick/b.nightdrop.tar", "/stick/to/HQ/c.nightdrop.tar.age",
            ])
        let absent = ExchangeDirectory("/absent", fileSystem: system)
        #expect(bundleError { _ = try absent.bundles(for: fixture.hq) }?.code == .notFound)
    }

    @Test func makesFolderAndMarkerOnce() throws {
        #expect(try stick.marker() == nil)
        #expect(try stick.destination(to: fixture.hq, organisation: "Corner Shops") == "/stick/to/HQ")
        let marker = try #require(try stick.marker())
        #expect(marker.organisation == "Corner Shops")
        #expect(try system.contents("/stick/nightdrop.marker") == marker.bytes)
        _ = try stick.destination(to: fixture.t07, organisation: "Corner Shops")
        #expect(try stick.marker() == marker)
        #expect(try system.crashed().names(in: "/stick/to") == ["HQ", "T07"])

        #expect(
            bundleError { _ = try stick.destination(to: fixture.hq, organisation: "Others") }?.code
                == .wrongOrganisation)
        try system.publish("/stick/nightdrop.marker", bytes: Array("{}".utf8))
        #expect(bundleError { _ = try stick.marker() }?.code == .malformed)
        #expect(
            bundleError { _ = try stick.destination(to: fixture.hq, organisation: "Corner Shops") }?.code == .malformed)
    }

    @Test func aCarrierThatIsNotMountedIsNotMade() throws {
        let absent = ExchangeDirectory("/absent", fileSystem: system)
        let error = bundleError { _ = try absent.destination(to: fixture.hq, organisation: "Corner Shops") }
        #expect(error?.status == 66)
        #expect(try system.status("/absent") == nil)
    }

    @Test func newerBundlesReplaceOlderOnesOfTheSameJournal() throws {
        func written(_ first: Int64, _ last: Int64, part: Int = 1, parts: Int = 1) -> WrittenBundle {
            var manifest = fixture.journalManifest
            (manifest.first, manifest.last, manifest.part, manifest.parts) = (first, last, part, parts)
            return WrittenBundle(path: "/stick/to/HQ/\(manifest.fileName)", size: 0, manifest: manifest)
        }
        func bundle(_ first: Int64, _ last: Int64) -> String { written(first, last).path }
        let others = [
            "/stick/to/HQ/T08-1f3c9a20-000000000010-000000000011.nightdrop.tar",
            "/stick/to/HQ/T07-2f3c9a20-000000000010-000000000011.nightdrop.tar",
            "/stick/to/HQ/t07-1f3c9a20-000000000010-000000000011.nightdrop.tar",
            "/stick/to/HQ/T07-1f3c9a20-000000000010-000000000011.nightdrop.tar.partial",
            "/stick/to/T09/T07-1f3c9a20-000000000010-000000000011.nightdrop.tar",
            "/stick/T07-1f3c9a20-000000000010-000000000011.nightdrop.tar",
            bundle(9, 15), bundle(15, 21), "/stick/to/HQ/notes.nightdrop.tar",
        ]
        for path in others { try touch(path) }
        try touch(
            bundle(10, 20), bundle(10, 15) + ".age", bundle(16, 20), bundle(12, 11),
            written(12, 13, part: 1, parts: 2).path)
        let removed = try stick.removeSuperseded(by: [written(10, 20)])
        #expect(
            Set(removed) == [
                bundle(10, 15) + ".age", bundle(16, 20), bundle(12, 11), written(12, 13, part: 1, parts: 2).path,
            ])
        for path in others + [bundle(10, 20)] { #expect(try system.status(path) != nil, "\(path)") }
        #expect(try system.crashed().status(bundle(16, 20)) == nil)

        let parts = [written(9, 14, part: 1, parts: 2), written(15, 21, part: 2, parts: 2)]
        for part in parts { try touch(part.path) }
        #expect(Set(try stick.removeSuperseded(by: parts)) == [bundle(9, 15), bundle(10, 20), bundle(15, 21)])
        for part in parts { #expect(try system.status(part.path) != nil) }
    }

    @Test func newerAnswersReplaceThoseThatReachNoFurther() throws {
        func written(_ first: Int64, _ last: Int64) throws -> WrittenBundle {
            let manifest = try fixture.answerManifest(.return, first: first, last: last)
            return WrittenBundle(path: "/stick/to/T07/\(manifest.fileName)", size: 0, manifest: manifest)
        }
        let new = try written(400, 600)
        let (older, further) = (try written(346, 512).path, try written(346, 601).path)
        try touch(new.path, older, further)
        #expect(try stick.removeSuperseded(by: [new]) == [older])
        #expect(try system.status(further) != nil)
    }

    @Test func namesSayWhatManifestsSay() throws {
        var manifest = fixture.journalManifest
        manifest.from.node = try #require(NodeID("T-0-7of8"))
        for parts in [1, 12] {
            (manifest.part, manifest.parts) = (parts, parts)
            for ending in ["", ".age"] {
                let name = try #require(BundleName(manifest.fileName + ending))
                #expect(name.sender == manifest.from.node)
                #expect(name.journal == "1f3c9a20")
                #expect(name.first == 832)
                #expect(name.last == 1042)
            }
        }
        for name in [
            "", ".nightdrop.tar", "T07-1f3c9a20-1-2.tar", "T07-1f3c9a20-1.nightdrop.tar",
            "T07-1F3C9A20-1-2.nightdrop.tar", "T07-1f3c9a20-1-x.nightdrop.tar", "T07-1f3c9a20-1-2-of3.nightdrop.tar",
            "-1f3c9a20-1-2.nightdrop.tar", "T07-1f3c9a20-1--2.nightdrop.tar", "T07-1f3c9a20-1-2-1ox3.nightdrop.tar",
        ] {
            #expect(BundleName(name) == nil, "\(name)")
        }
    }

    @Test func halfCopiedFilesSettle() {
        func judged(_ code: BundleError.Code, modified: Int64?, previous: Int64? = nil) -> BundleError.Code {
            func status(_ modified: Int64) -> FileStatus { FileStatus(isDirectory: false, size: 1, modified: modified) }
            return Settling.judge(
                BundleError(code, file: "f", "r"), status: modified.map(status), previous: previous.map(status),
                now: 100_000, settlingMilliseconds: 1000
            ).code
        }
        for code in [BundleError.Code.incomplete, .damaged, .malformed, .unsigned] {
            let settled = code == .incomplete ? .damaged : code
            #expect(judged(code, modified: 99_001) == .incomplete)
            #expect(judged(code, modified: 99_000) == settled)
            #expect(judged(code, modified: 100_500) == .incomplete)
            #expect(judged(code, modified: .max) == settled)
            #expect(judged(code, modified: .min) == settled)
            #expect(judged(code, modified: 50_000, previous: 49_999) == .incomplete)
            #expect(judged(code, modified: 50_000, previous: 50_000) == settled)
            #expect(judged(code, modified: nil) == .incomplete)
        }
        for code in [BundleError.Code.unknownKey, .limit, .inputOutput, .wrongAddressee] {
            #expect(judged(code, modified: 99_999) == code)
        }
    }
}
