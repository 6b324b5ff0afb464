import CZlib

/// Inflates a gzip file of any number of members, piece by piece.
public final class GzipDecompressor {
    private var stream = z_stream()
    private var isWithinMember = false
    /// The compressed bytes taken in so far.
    public private(set) var consumed: Int64 = 0
    /// How many members have ended.
    public private(set) var members = 0
    /// Where the last whole member ended, in compressed bytes.
    public private(set) var memberEnd: Int64 = 0

    /// A decompressor at the beginning of a file.
    public init() throws(GzipError) {
        guard nightdrop_inflate_init(&stream, 15 + 16) == Z_OK else { throw GzipError("no memory for inflating") }
    }

    deinit { inflateEnd(&stream) }

    /// Whether everything taken in so far ends with a whole member.
    public var isAtMemberEnd: Bool { !isWithinMember }

    /// Inflates from `input` into `output` until one of both is used up or, with `stopAtMember`, a member ends.
    ///
    /// Returns how many bytes of each were used.
    public func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, stopAtMember: Bool = false
    ) throws(GzipError) -> (read: Int, written: Int) {
        var read = 0
        var written = 0
        while read < input.count, written < output.count {
            if !isWithinMember {
                inflateReset(&stream)
                isWithinMember = true
            }
            let available = UInt32(min(input.count - read, 1 << 30))
            let room = UInt32(min(output.count - written, 1 << 30))
            stream.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.advanced(by: read).assumingMemoryBound(to: UInt8.self))
            stream.avail_in = available
            stream.next_out = output.baseAddress?.advanced(by: written).assumingMemoryBound(to: UInt8.self)
            stream.avail_out = room
            let status = CZlib.inflate(&stream, Z_NO_FLUSH)
            let taken = Int(available - stream.avail_in)
            read += taken
            consumed += Int64(taken)
            written += Int(room - stream.avail_out)
            switch status {
            case Z_STREAM_END:
                isWithinMember = false
                members += 1
                memberEnd = consumed
                if stopAtMember { return (read, written) }
            case Z_OK: continue
            // No progress is possible: more input or more room is needed.
            case Z_BUF_ERROR: return (read, written)
            default: throw GzipError("damaged compressed data at byte \(consumed)")
            }
        }
        return (read, written)
    }

    /// Begins again, for another file.
    public func reset() {
        inflateReset(&stream)
        isWithinMember = false
        consumed = 0
        members = 0
        memberEnd = 0
    }
}
