import CArchive
import NightdropFiles

/// Writes a tar archive: POSIX pax, deterministic (the same calls give the same bytes).
///
/// Every entry is a plain file with permissions 0644, user and group 0 without names, and one and the same time. A pax
/// header comes only where plain ustar cannot say it (long names, sizes from 8 GiB). The archive ends with the two
/// blocks of zeros that POSIX asks for and is not padded further.
///
/// After an error the archive is unusable, and nothing more is written.
public final class ArchiveWriter {
    private let archive: OpaquePointer
    private let sink: ArchiveSink
    private let modified: Int64
    private var names: ArchiveNames
    private var state = State.open

    private enum State { case open, failed, finished }

    /// Begins an archive at the start of an empty file. `modified` is the time of all entries, in seconds since 1970.
    /// Throws `ArchiveError` or `FileError`, as all calls do.
    public init(_ file: any OpenFile, modified: Int64) throws {
        guard let archive = archive_write_new() else { throw ArchiveSink.outOfMemory(file.path) }
        self.archive = archive
        self.modified = modified
        sink = ArchiveSink(file)
        names = ArchiveNames(path: file.path)
        try check(archive_write_set_format_pax_restricted(archive))
        try check(archive_write_add_filter_none(archive))
        try check(archive_write_set_bytes_per_block(archive, Int32(ArchiveSink.chunkBytes)))
        try check(archive_write_set_bytes_in_last_block(archive, 1))
        let sink = Unmanaged.passUnretained(sink).toOpaque()
        try check(archive_write_open(archive, sink, nil, ArchiveSink.write, nil))
    }

    deinit {
        // Freeing an archive that is in good order would end it as if it were complete.
        if state != .finished { archive_write_fail(archive) }
        archive_write_free(archive)
    }

    /// Adds an entry of bytes that are at hand.
    public func add(_ name: String, _ bytes: [UInt8]) throws {
        try add(name, size: Int64(bytes.count)) { write in try bytes.withUnsafeBytes(write) }
    }

    /// Adds a range of a file as an entry.
    public func add(_ name: String, from file: any OpenFile, _ range: Range<Int64>) throws {
        try add(name, size: range.upperBound - range.lowerBound) { write in
            let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: ArchiveSink.chunkBytes, alignment: 16)
            defer { chunk.deallocate() }
            var offset = range.lowerBound
            while offset < range.upperBound {
                let wanted = min(Int64(chunk.count), range.upperBound - offset)
                let count = try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: chunk[..<Int(wanted)]), at: offset)
                if count == 0 { break }
                try write(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
                offset += Int64(count)
            }
        }
    }

    /// Adds an entry whose content `produce` hands over piece by piece; all of it must be `size` bytes.
    public func add(
        _ name: String, size: Int64, _ produce: (_ write: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        try guarded {
            try names.take(name)
            try writeHeader(name, size)
            var left = size
            try produce { bytes in
                left -= Int64(bytes.count)
                guard left >= 0 else { throw names.bad(name, "its content is longer than the \(size) bytes announced") }
                try writeContent(bytes)
            }
            guard left == 0 else { throw names.bad(name, "its content is \(left) bytes shorter than announced") }
            try check(archive_write_finish_entry(archive))
        }
    }

    /// Ends the archive; returns its size. Does not synchronize the file.
    public func finish() throws -> Int64 {
        try guarded { try check(archive_write_close(archive)) }
        state = .finished
        return sink.position
    }

    private func writeHeader(_ name: String, _ size: Int64) throws {
        guard let entry = archive_entry_new() else { throw ArchiveSink.outOfMemory(sink.file.path) }
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, name)
        archive_entry_set_filetype(entry, regularFile)
        archive_entry_set_perm(entry, 0o644)
        archive_entry_set_mtime(entry, time_t(modified), 0)
        archive_entry_set_size(entry, size)
        try check(archive_write_header(archive, entry))
    }

    private func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = archive_write_data(archive, rest.baseAddress, rest.count)
            if count <= 0 { try check(ARCHIVE_FATAL) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Whatever goes wrong makes the archive unusable. The library would still end it as if it were complete.
    private func guarded(_ body: () throws -> Void) throws {
        guard state == .open else {
            throw error(state == .finished ? "the archive has ended" : "writing the archive has failed before")
        }
        do {
            try body()
        } catch {
            state = .failed
            throw error
        }
    }

    private func error(_ reason: String) -> ArchiveError {
        ArchiveError(kind: .damaged, path: sink.file.path, reason: reason)
    }

    private func check(_ result: Int32) throws {
        if result == ARCHIVE_OK { return }
        if let failure = sink.failure { throw failure }
        throw error(lastReason(of: archive))
    }
}

/// Where the library's blocks go.
private final class ArchiveSink {
    static let chunkBytes = 1 << 18

    let file: any OpenFile
    var position: Int64 = 0
    var failure: FileError?

    init(_ file: any OpenFile) { self.file = file }

    static let write: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, UnsafeRawPointer?, Int) -> Int = {
        _, sink, bytes, count in
        guard let sink else { return -1 }
        return Unmanaged<ArchiveSink>.fromOpaque(sink).takeUnretainedValue()
            .write(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        do throws(FileError) {
            try file.write(bytes, at: position)
        } catch {
            failure = error
            return -1
        }
        position += Int64(bytes.count)
        return bytes.count
    }

    static func outOfMemory(_ path: String) -> FileError {
        FileError(kind: .inputOutput, operation: "write", path: path, reason: "out of memory")
    }
}
