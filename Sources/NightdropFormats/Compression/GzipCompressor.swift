import CZlib

/// Data that is no gzip file, or a damaged one.
public struct GzipError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let reason: String
    /// Whether the data merely ends too early, as the tail of a file does after a crash or within a copy.
    public let isTruncated: Bool

    /// An error.
    public init(_ reason: String, isTruncated: Bool = false) {
        self.reason = reason
        self.isTruncated = isTruncated
    }

    /// What is wrong.
    public var description: String { reason }
}

/// Makes gzip members (RFC 1952), each a whole gzip file of its own; members one behind the other are a gzip file again.
///
/// The members bear no time, name or operating system, so equal text gives equal bytes.
public final class GzipCompressor {
    private var stream = z_stream()
    // zlib keeps a pointer to the header of the members to come.
    private let header: UnsafeMutablePointer<gz_header>

    /// A compressor with one of zlib's levels, 1 (fast) to 9 (small).
    ///
    /// A window below 15 bits and a memory level below 8 make it faster to begin a member, and long members larger.
    public init(level: Int32 = 6, windowBits: Int32 = 15, memoryLevel: Int32 = 8) throws(GzipError) {
        header = .allocate(capacity: 1)
        header.initialize(to: gz_header())
        header.pointee.os = 255
        // 16 above the window's bits asks zlib for gzip instead of its own wrapping.
        guard nightdrop_deflate_init(&stream, level, windowBits + 16, memoryLevel) == Z_OK else {
            throw GzipError("no memory for compression")
        }
    }

    deinit {
        deflateEnd(&stream)
        header.deallocate()
    }

    /// Appends one member that holds the given text.
    public func append(member text: UnsafeRawBufferPointer, to out: inout [UInt8]) throws(GzipError) {
        try begin()
        try deflate(text, Z_FINISH, to: &out)
    }

    /// Appends one member that holds the given text.
    public func append(member text: [UInt8], to out: inout [UInt8]) throws(GzipError) {
        let result: Result<Void, GzipError> = text.withUnsafeBytes { buffer in
            do throws(GzipError) { return .success(try append(member: buffer, to: &out)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Begins a member whose text comes piece by piece.
    public func begin() throws(GzipError) {
        guard deflateReset(&stream) == Z_OK, deflateSetHeader(&stream, header) == Z_OK else {
            throw GzipError("compression failed")
        }
    }

    /// Takes in the next piece of text; appends what of the member is ready.
    public func add(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) throws(GzipError) {
        try deflate(text, Z_NO_FLUSH, to: &out)
    }

    /// Appends the rest of the member.
    public func finish(to out: inout [UInt8]) throws(GzipError) {
        try deflate(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH, to: &out)
    }

    private func deflate(_ text: UnsafeRawBufferPointer, _ flush: Int32, to out: inout [UInt8]) throws(GzipError) {
        stream.next_in = UnsafeMutablePointer(mutating: text.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(text.count)
        let most = Int(deflateBound(&stream, UInt(text.count))) + 32
        // Of much text most is saved, and memory that is not needed is dear.
        var room = flush == Z_FINISH ? min(most, 256 << 10) : text.count / 4 + 64
        while true {
            let start = out.count
            out.append(contentsOf: repeatElement(0, count: room))
            let status = out.withUnsafeMutableBytes { buffer -> Int32 in
                stream.next_out = buffer.baseAddress?.advanced(by: start).assumingMemoryBound(to: UInt8.self)
                stream.avail_out = UInt32(room)
                return CZlib.deflate(&stream, flush)
            }
            let isFull = stream.avail_out == 0
            out.removeLast(Int(stream.avail_out))
            switch status {
            case Z_STREAM_END: return
            case Z_OK, Z_BUF_ERROR:
                if !isFull {
                    guard flush == Z_NO_FLUSH, stream.avail_in == 0 else { throw GzipError("compression failed") }
                    return
                }
            default: throw GzipError("compression failed")
            }
            room = max(room, 4096)
        }
    }
}
