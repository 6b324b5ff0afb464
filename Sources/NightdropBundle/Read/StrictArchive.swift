import NightdropFiles
import NightdropFormats

/// The entries of a bundle's archive, in order.
///
/// Readers of tar pass over some bytes: what fills the last block of a content, and the end of a header's checksum. Here
/// these are checked too, so that no flipped bit goes unnoticed.
final class StrictArchive {
    /// The pieces in which content is read.
    static let chunkBytes = 1 << 18

    let path: String
    private let file: any OpenFile
    private let reader: ArchiveReader
    private var present: ArchiveEntry?

    init(_ file: any OpenFile, path: String) throws {
        self.path = path
        self.file = file
        reader = try ArchiveReader(file)
    }

    /// The next entry; nil at the end, when the archive is known to be whole.
    func next() throws -> ArchiveEntry? {
        if let present { try checkPadding(of: present) }
        present = try reader.next()
        if let present { try checkHeader(of: present) }
        return present
    }

    /// The content of the present entry, whose size the caller has looked at.
    func bytes(limit: Int) throws -> [UInt8] { try reader.bytes(limit: limit) }

    /// Reads every entry that is left: they must be exactly those of the manifest, in its order, with its sizes and
    /// hashes. Returns where they stand.
    func checkContents(of manifest: Manifest) throws -> [String: ArchiveEntry] {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkBytes, alignment: 16)
        defer { chunk.deallocate() }
        var found: [String: ArchiveEntry] = [:]
        found.reserveCapacity(manifest.entries.count)
        for expected in manifest.entries {
            guard let entry = try next() else {
                throw error(.damaged, expected.path, "it is missing; the archive ends before it")
            }
            guard entry.name.utf8.elementsEqual(expected.path.utf8) else {
                throw error(.malformed, entry.name, "the manifest has \(BundleError.shown(expected.path)) in its place")
            }
            guard entry.size == expected.size else {
                throw error(.damaged, entry.name, "it has \(entry.size) bytes, the manifest says \(expected.size)")
            }
            guard try hash(through: chunk) == expected.hash else {
                throw error(.damaged, entry.name, "its SHA-256 is not the one in the manifest")
            }
            found[entry.name] = entry
        }
        if let extra = try next() { throw error(.malformed, extra.name, "the manifest does not name it") }
        return found
    }

    private func hash(through chunk: UnsafeMutableRawBufferPointer) throws -> ContentHash {
        var hasher = ContentHasher()
        while true {
            let count = try reader.read(into: chunk)
            if count == 0 { return hasher.finish() }
            hasher.update(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
        }
    }

    private func checkPadding(of entry: ArchiveEntry) throws {
        let rest = Int(entry.size % Int64(TarHeader.byteCount))
        guard rest > 0 else { return }
        let padding = try file.bytes(at: entry.offset + entry.size, count: TarHeader.byteCount - rest)
        guard padding.allSatisfy({ $0 == 0 }) else {
            throw error(.damaged, entry.name, "what fills its last block is not zero")
        }
    }

    private func checkHeader(of entry: ArchiveEntry) throws {
        let start = entry.offset - Int64(TarHeader.byteCount)
        guard TarHeader.isSound(try file.bytes(at: start, count: TarHeader.byteCount)) else {
            throw error(.damaged, entry.name, "the checksum of its header is wrong")
        }
    }

    private func error(_ code: BundleError.Code, _ entry: String, _ reason: String) -> BundleError {
        BundleError(code, file: path, entry: entry, reason)
    }
}

/// The block before a content.
private enum TarHeader {
    static let byteCount = 512
    private static let checksum = 148..<156

    /// Whether its checksum is right and written in the one usual way: six octal digits, NUL, space.
    static func isSound(_ block: [UInt8]) -> Bool {
        guard block.count == byteCount else { return false }
        var sum = checksum.count * Int(UInt8(ascii: " "))
        for (index, byte) in block.enumerated() where !checksum.contains(index) { sum += Int(byte) }
        let digits = String(sum, radix: 8)
        let text = String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits + "\0 "
        return block[checksum].elementsEqual(text.utf8)
    }
}

extension OpenFile {
    /// The bytes at an offset; fewer where the file ends.
    func bytes(at offset: Int64, count: Int) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let result: Result<Int, FileError> = bytes.withUnsafeMutableBytes { buffer in
            do throws(FileError) { return .success(try read(into: buffer, at: offset)) } catch {
                return .failure(error)
            }
        }
        bytes.removeLast(count - (try result.get()))
        return bytes
    }
}
