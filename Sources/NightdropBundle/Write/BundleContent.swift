import NightdropFiles
import NightdropFormats

/// An entry of a bundle that is to be written.
public struct BundleContent: Sendable {
    enum Source: Sendable {
        case bytes([UInt8])
        case file(path: String, range: Range<Int64>)
    }

    /// Its name in the archive.
    public let name: String
    let source: Source

    /// Bytes that are at hand.
    public init(_ name: String, bytes: [UInt8]) {
        self.name = name
        source = .bytes(bytes)
    }

    /// `length` bytes of a file, from `offset` on. They are read twice, and must not change meanwhile.
    public init(_ name: String, file path: String, offset: Int64 = 0, length: Int64) {
        self.name = name
        source = .file(path: path, range: offset..<offset + max(0, length))
    }

    /// The same, from wherever it comes.
    init(_ name: String, _ source: Source) {
        self.name = name
        self.source = source
    }

    /// Its bytes.
    public var size: Int64 {
        switch source {
        case .bytes(let bytes): Int64(bytes.count)
        case .file(_, let range): range.upperBound - range.lowerBound
        }
    }

    /// Its line in the manifest.
    func entry(_ fileSystem: any FileSystem) throws -> Manifest.Entry {
        switch source {
        case .bytes(let bytes):
            return Manifest.Entry(path: name, size: Int64(bytes.count), hash: ContentHash.of(bytes))
        case .file(let path, let range):
            return Manifest.Entry(
                path: name, size: range.upperBound - range.lowerBound,
                hash: try Self.hash(of: try fileSystem.open(path, .read), range))
        }
    }

    /// Adds it to an archive.
    func add(to archive: ArchiveWriter, _ fileSystem: any FileSystem) throws {
        switch source {
        case .bytes(let bytes): try archive.add(name, bytes)
        case .file(let path, let range): try archive.add(name, from: try fileSystem.open(path, .read), range)
        }
    }

    private static func hash(of file: any OpenFile, _ range: Range<Int64>) throws -> ContentHash {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: StrictArchive.chunkBytes, alignment: 16)
        defer { chunk.deallocate() }
        var hasher = ContentHasher()
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = Int(min(Int64(chunk.count), range.upperBound - offset))
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: chunk[..<wanted]), at: offset)
            guard count > 0 else {
                throw FileError(
                    kind: .inputOutput, operation: "read", path: file.path,
                    reason: "it ends at byte \(offset), before the \(range.upperBound) that were expected")
            }
            hasher.update(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
            offset += Int64(count)
        }
        return hasher.finish()
    }
}
