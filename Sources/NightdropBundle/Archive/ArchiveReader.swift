import CArchive
import NightdropFiles

/// A plain file in an archive.
public struct ArchiveEntry: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// Its size in bytes.
    public let size: Int64
    /// Where its content stands in the archive: `size` bytes in one piece.
    public let offset: Int64

    /// An entry.
    public init(name: String, size: Int64, offset: Int64) {
        self.name = name
        self.size = size
        self.offset = offset
    }
}

/// Reads a tar archive (POSIX pax, ustar or GNU) in order, in constant memory, from a file of which nothing is trusted.
///
/// Accepted are plain files only, with names of at most 200 bytes of printable ASCII that neither climb nor come twice,
/// in one archive from the first byte to the last with nothing but zeros behind its end. Nothing is ever written to a
/// path. Besides a fixed buffer only the names are kept.
///
/// The library interprets headers. Content is read where it stands, which is certain because every header must begin
/// exactly where the entry before it ends. That also rules out compression, sparse files and hidden parts.
public final class ArchiveReader {
    private static let block: Int64 = 512
    /// More than any medium holds: no size of a real entry, and far from overflow.
    private static let largestEntry: Int64 = 1 << 44

    private let archive: OpaquePointer
    private let source: ArchiveSource
    private var names: ArchiveNames
    private var entry: ArchiveEntry?
    private var done: Int64 = 0
    /// Where the next header must begin.
    private var end: Int64 = 0
    private var isAtEnd = false

    /// Begins to read. Throws `ArchiveError` or `FileError`, as all calls do.
    public init(_ file: any OpenFile) throws {
        guard let archive = archive_read_new() else {
            throw FileError(kind: .inputOutput, operation: "read", path: file.path, reason: "out of memory")
        }
        self.archive = archive
        do {
            source = ArchiveSource(file, size: try file.size())
        } catch {
            archive_read_free(archive)
            throw error
        }
        names = ArchiveNames(path: file.path)
        try check(archive_read_support_format_tar(archive))
        let client = Unmanaged.passUnretained(source).toOpaque()
        try check(archive_read_open2(archive, client, nil, ArchiveSource.read, ArchiveSource.skip, nil))
    }

    deinit { archive_read_free(archive) }

    /// The next entry; nil at the end, when the archive is known to be whole. What was not read of the one before is
    /// skipped. That the content of an entry is all there is known when it is returned.
    public func next() throws -> ArchiveEntry? {
        if isAtEnd { return nil }
        var header: OpaquePointer?
        let result = archive_read_next_header(archive, &header)
        if result == ARCHIVE_EOF {
            try checkEnd()
            isAtEnd = true
            entry = nil
            return nil
        }
        try check(result)
        guard let header, archive_read_header_position(archive) == end else {
            throw error(.damaged, "an entry begins in a wrong place")
        }
        let found = try accepted(header)
        end = found.offset + (found.size + Self.block - 1) / Self.block * Self.block
        guard end <= source.size else { throw truncated() }
        (entry, done) = (found, 0)
        return found
    }

    /// Reads on in the content of the present entry until the buffer is full or the content ends; returns how many bytes.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let entry else { return 0 }
        let wanted = Int(min(Int64(buffer.count), entry.size - done))
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        guard try source.file.read(into: part, at: entry.offset + done) == wanted else { throw truncated() }
        done += Int64(wanted)
        return wanted
    }

    /// The rest of the content of the present entry, which is refused if it is longer than `limit` bytes.
    public func bytes(limit: Int) throws -> [UInt8] {
        guard let entry else { return [] }
        guard entry.size - done <= Int64(limit) else {
            throw names.bad(entry.name, "it is larger than the \(limit) bytes that are allowed")
        }
        var bytes = [UInt8](repeating: 0, count: Int(entry.size - done))
        _ = try bytes.withUnsafeMutableBytes { try read(into: $0) }
        return bytes
    }

    private func accepted(_ header: OpaquePointer) throws -> ArchiveEntry {
        let name = archive_entry_pathname(header).map { String(cString: $0) } ?? ""
        try names.take(name)
        guard archive_entry_filetype(header) == regularFile, archive_entry_hardlink(header) == nil,
            archive_entry_symlink(header) == nil
        else { throw names.bad(name, "it is not a plain file") }
        guard archive_entry_sparse_count(header) == 0 else { throw names.bad(name, "it is a sparse file") }
        let size = archive_entry_size(header)
        guard archive_entry_size_is_set(header) != 0, (0...Self.largestEntry).contains(size) else {
            throw names.bad(name, "its size is impossible")
        }
        // The library has consumed the headers, and nothing of the content.
        let offset = archive_filter_bytes(archive, 0)
        guard try source.isPlainHeader(at: offset - Self.block) else {
            throw names.bad(name, "it is not a plain file with a header of POSIX or GNU tar")
        }
        return ArchiveEntry(name: name, size: size, offset: offset)
    }

    /// The end is two blocks of zeros, which the library does not insist on, and then nothing but zeros.
    private func checkEnd() throws {
        guard try source.isZero(from: end) else {
            throw error(.trailingData, "something follows the end of the archive")
        }
        guard source.size - end >= 2 * Self.block else { throw truncated() }
    }

    private func check(_ result: Int32) throws {
        if result == ARCHIVE_OK { return }
        if let failure = source.failure { throw failure }
        if source.hasEnded, try end > 0 || source.mayBegin() { throw truncated() }
        throw source.hasEnded || archive_format(archive) == 0
            ? error(.notTar, "it is not a tar archive") : error(.damaged, lastReason(of: archive))
    }

    private func truncated() -> ArchiveError {
        error(.truncated, source.size == 0 ? "the file is empty" : "the archive ends too early")
    }

    private func error(_ kind: ArchiveError.Kind, _ reason: String) -> ArchiveError {
        ArchiveError(kind: kind, path: source.file.path, reason: reason)
    }
}
