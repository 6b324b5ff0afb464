import NightdropFormats
import Testing

@Suite("Manifests of the bundle vectors")
struct ManifestVectorTests {
    /// What `Manifest` itself finds out; all other refusals concern the archive around it.
    private static let refused: [String: ManifestError.Kind] = [
        "unknown-format": .unknownFormat, "unknown-capability": .unknownCapability, "manifest-not-json": .malformed,
        "manifest-key-missing": .malformed, "manifest-key-twice": .malformed, "part-of-none": .malformed,
        "return-without-answer": .malformed,
    ]
    private static let withoutManifest: Set<String> = [
        "no-bytes", "manifest-not-first", "truncated-in-manifest",
    ]

    @Test("A manifest is written as it was read", arguments: try Vector.all("bundle", suffix: ".nightdrop.tar"))
    func manifest(_ vector: Vector) throws {
        guard let bytes = ManifestVectorTests.manifest(in: try vector.bytes()) else {
            #expect(ManifestVectorTests.withoutManifest.contains(vector.name))
            return
        }
        if let kind = ManifestVectorTests.refused[vector.name] {
            let error = #expect(throws: ManifestError.self) { try Manifest(bytes) }
            #expect(error?.kind == kind)
        } else {
            #expect(try Manifest(bytes).bytes == bytes)
        }
    }

    /// The bytes of the first entry of a tar, if it is a whole manifest.
    private static func manifest(in archive: [UInt8]) -> [UInt8]? {
        guard archive.count > 512, archive.starts(with: "manifest.json\0".utf8),
            let size = Int(String(decoding: archive[124..<135], as: UTF8.self), radix: 8), archive.count >= 512 + size
        else { return nil }
        return Array(archive[512..<(512 + size)])
    }
}
