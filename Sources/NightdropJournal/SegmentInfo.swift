import NightdropFormats
import NightdropModel

/// One segment of a journal, as a listing shows it.
public struct SegmentInfo: Sendable, Equatable {
    /// Its number in the journal, from 1.
    public let number: Int64
    /// Its file.
    public let path: String
    /// Whether it never changes any more.
    public let isSealed: Bool
    /// The bytes of the file.
    public let size: Int64
    /// Its first line.
    public let header: SegmentHeader
    /// The number of its last operation, `first - 1` if it holds none; nil where only reading the segment tells.
    public let last: Int64?
    /// Its hash in the chain; nil where only reading the segment tells.
    public let hash: ContentHash?
    /// Its last line, where it is known without reading the segment: of one that was just closed.
    public let trailer: SegmentTrailer?

    /// The number of its first operation.
    public var first: Int64 { header.first }

    /// A description of a segment.
    public init(
        number: Int64, path: String, isSealed: Bool, size: Int64, header: SegmentHeader, last: Int64?,
        hash: ContentHash?, trailer: SegmentTrailer? = nil
    ) {
        self.number = number
        self.path = path
        self.isSealed = isSealed
        self.size = size
        self.header = header
        self.last = last
        self.hash = hash
        self.trailer = trailer
    }
}

/// What reading a whole segment tells.
public struct SegmentSummary: Sendable, Equatable {
    /// Its first line.
    public let header: SegmentHeader
    /// Its last line; nil for a segment that is still open.
    public let trailer: SegmentTrailer?
    /// The number of its last operation, `first - 1` if it holds none.
    public let last: Int64
    /// How many operations it holds.
    public let count: Int64
    /// Their control totals.
    public let totals: ControlTotals
    /// Its hash in the chain, over text: `previous`, a newline, and the operation lines.
    public let hash: ContentHash
}
