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

    /// A compressor with one of zlib's levels, 1 (fast) to 9 (small).
    public init(level: Int32 = 6) throws(GzipError) {
        // 16 above the window's 15 bits asks zlib for gzip instead of its own wrapping.
        guard nightdrop_deflate_init(&stream, level, 15 + 16, 8) == Z_OK else {
            throw GzipError("no memory for compression")
        }
    }

    deinit { deflateEnd(&stream) }

    /// Appends one member that holds the given text.
    public func append(member text: UnsafeRawBufferPointer, to out: inout [UInt8]) throws(GzipError) {
        deflateReset(&stream)
        var header = gz_header()
        header.os = 255
        // zlib keeps a pointer to the header until it has written it, which the first call below does.
        let written = withUnsafeMutablePointer(to: &header) { header -> Int? in
            guard deflateSetHeader(&stream, header) == Z_OK else { return nil }
            let bound = Int(deflateBound(&stream, UInt(text.count))) + 32
            let start = out.count
            out.append(contentsOf: repeatElement(0, count: bound))
            let status = out.withUnsafeMutableBytes { buffer -> Int32 in
                stream.next_in = UnsafeMutablePointer(
                    mutating: text.baseAddress?.assumingMemoryBound(to: UInt8.self))
                stream.avail_in = UInt32(text.count)
                stream.next_out = buffer.baseAddress?.advanced(by: start).assumingMemoryBound(to: UInt8.self)
                stream.avail_out = UInt32(bound)
                return deflate(&stream, Z_FINISH)
            }
            guard status == Z_STREAM_END else { return nil }
            return start + bound - Int(stream.avail_out)
        }
        guard let written else { throw GzipError("compression failed") }
        out.removeLast(out.count - written)
    }

    /// Appends one member that holds the given text.
    public func append(member text: [UInt8], to out: inout [UInt8]) throws(GzipError) {
        let result: Result<Void, GzipError> = text.withUnsafeBytes { buffer in
            do throws(GzipError) { return .success(try append(member: buffer, to: &out)) } catch { return .failure(error) }
        }
        try result.get()
    }
}
