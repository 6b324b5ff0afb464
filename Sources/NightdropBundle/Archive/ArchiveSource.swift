import NightdropFiles

/// Where the library's headers come from.
final class ArchiveSource {
    let file: any OpenFile
    let size: Int64
    /// Set when more was asked for than the file holds.
    private(set) var hasEnded = false
    private(set) var failure: FileError?
    private var position: Int64 = 0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 14, alignment: 16)
    /// Apart from `buffer`, which the library still reads from.
    private let probe = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 16)

    init(_ file: any OpenFile, size: Int64) {
        self.file = file
        self.size = size
    }

    deinit {
        buffer.deallocate()
        probe.deallocate()
    }

    typealias Read =
        @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int
    typealias Skip = @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, Int64) -> Int64

    static let read: Read = { _, source, bytes in
        guard let source, let bytes else { return -1 }
        let this = Unmanaged<ArchiveSource>.fromOpaque(source).takeUnretainedValue()
        bytes.pointee = UnsafeRawPointer(this.buffer.baseAddress)
        return this.read()
    }

    static let skip: Skip = { _, source, count in
        guard let source else { return -1 }
        return Unmanaged<ArchiveSource>.fromOpaque(source).takeUnretainedValue().skip(count)
    }

    /// Whether there are only zeros from an offset to the end.
    func isZero(from start: Int64) throws(FileError) -> Bool {
        var offset = start
        while true {
            let count = try file.read(into: buffer, at: offset)
            if count == 0 { return true }
            guard buffer[..<count].allSatisfy({ $0 == 0 }) else { return false }
            offset += Int64(count)
        }
    }

    /// Whether a header has the magic of ustar and the type of a plain file. The library takes types that it does not know
    /// for plain files, and sparse files without holes too.
    func isPlainHeader(at offset: Int64) throws(FileError) -> Bool {
        let (type, magic) = (156, Array("ustar".utf8))
        let header = UnsafeMutableRawBufferPointer(rebasing: probe[..<262])
        guard try file.read(into: header, at: offset) == header.count else { return false }
        return header[type] == UInt8(ascii: "0") && header[257...].elementsEqual(magic)
    }

    /// Whether the first bytes can be those of an archive, of which there may be no more yet: a name, and zeros up to the end
    /// of its field (POSIX.1-2017, "ustar Interchange Format").
    func mayBegin() throws(FileError) -> Bool {
        let field = UnsafeMutableRawBufferPointer(rebasing: probe[..<100])
        let count = try file.read(into: field, at: 0)
        return field[..<count].drop { $0 >= UInt8(ascii: " ") }.allSatisfy { $0 == 0 }
    }

    private func read() -> Int {
        do throws(FileError) {
            let count = try file.read(into: buffer, at: position)
            if count == 0 { hasEnded = true }
            position += Int64(count)
            return count
        } catch {
            failure = error
            return -1
        }
    }

    private func skip(_ count: Int64) -> Int64 {
        let skipped = max(0, min(count, size - position))
        position += skipped
        return skipped
    }
}
