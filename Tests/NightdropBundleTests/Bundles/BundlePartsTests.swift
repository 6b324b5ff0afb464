import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import Testing

/// Parts hold together what the whole holds, in order.
@Suite struct BundlePartsTests {
    private let system = CrashFileSystem()

    @Test func groupsAreAsFewAsPossibleAndInOrder() {
        #expect(PartPlan.groups(of: [], base: 5, limit: 10) == [0..<0])
        #expect(PartPlan.groups(of: [1, 2, 3, 4], base: 0, limit: 10) == [0..<4])
        #expect(PartPlan.groups(of: [5, 5, 5], base: 0, limit: 10) == [0..<2, 2..<3])
        #expect(PartPlan.groups(of: [5, 5, 5], base: 1, limit: 10) == [0..<1, 1..<2, 2..<3])
        #expect(PartPlan.groups(of: [5, 11], base: 0, limit: 10) == nil)
        #expect(PartPlan.groups(of: [1], base: 5, limit: .max) == [0..<1])
        #expect(PartPlan.groups(of: [Int64](repeating: 1, count: 16_001), base: 0, limit: .max)?.count == 3)
    }

    @Test func changesAreDividedBetweenMembersAndNoticesBetweenLines() throws {
        let fixture = try BundleFixture(system: system)
        var gzip: [UInt8] = []
        var expected: [UInt8] = []
        for number in 0..<40 {
            // Text that does not compress well, so that members have a size.
            var random = SeededGenerator(seed: UInt64(number + 1))
            let lines = (0..<50).map { _ in
                "{\"entity\":\"p\",\"id\":\"\(UInt64.random(in: 0...(.max), using: &random))\"}\n"
            }
            expected += lines.joined().utf8
            try GzipCompressor(level: 6).append(member: Array(lines.joined().utf8), to: &gzip)
        }
        try system.publish("/in/changes", bytes: [9] + gzip + [9])
        let notices = (0..<3000).flatMap { Array("{\"notice\":\($0)}\n".utf8) }
        let contents = [
            BundleContent("changes/000001.jsonl.gz", file: "/in/changes", offset: 1, length: Int64(gzip.count)),
            BundleContent("notices/000001.jsonl", bytes: notices),
            BundleContent("policy.yaml", bytes: Array("version: 1\n".utf8)),
            BundleContent("keys/allowed_signers", bytes: Array("HQ key\n".utf8)),
        ]
        var manifest = try fixture.answerManifest(.grant)
        manifest.operations = 2000
        let whole = try BundleParts.divide(manifest, contents, limit: .max, fileSystem: system)
        #expect(whole.map(\.0) == [manifest])

        let limit: Int64 = 60_000
        let parts = try BundleParts.divide(manifest, contents, limit: limit, fileSystem: system)
        try #require(parts.count > 2)
        var (changes, lines, names, count) = ([UInt8](), [UInt8](), [String](), Int64(0))
        for (index, (part, contents)) in parts.enumerated() {
            #expect((part.part, part.parts) == (index + 1, parts.count))
            #expect((part.created, part.answer) == (manifest.created, manifest.answer))
            let written = try BundleWriter.write(
                manifest: part, contents: contents, key: fixture.office, to: "/in/\(part.fileName)", fileSystem: system,
                verifyCopy: true)
            #expect(written.size <= limit)
            #expect(written.manifest.entries.contains { $0.path == "keys/allowed_signers" })
            count += part.operations
            let entries = try BundleReader.open(written.path, fileSystem: system).entries
            for entry in entries where entry.name.hasPrefix("changes/") || entry.name.hasPrefix("notices/") {
                names.append(entry.name)
                let bytes = try #require(try system.contents(written.path))
                let content = Array(bytes[Int(entry.offset)..<Int(entry.offset + entry.size)])
                if entry.name.hasPrefix("changes/") { changes += content } else { lines += content }
            }
        }
        #expect(changes == gzip)
        #expect(lines == notices)
        #expect(count == 2000)
        #expect(Set(names).count == names.count)
        #expect(
            bundleError { _ = try BundleParts.divide(manifest, contents, limit: 20_000, fileSystem: system) }?.code
                == .limit)
    }
}
