/// A range of a buffer of at most 2 GiB; a small value, so that a hundred thousand operations carry a dozen each.
public struct ByteRange: Sendable, Equatable {
    /// The first byte; negative means absent.
    public var start: Int32
    /// One behind the last byte.
    public var end: Int32

    /// A range.
    @inlinable
    public init(_ start: Int, _ end: Int) {
        self.start = Int32(truncatingIfNeeded: start)
        self.end = Int32(truncatingIfNeeded: end)
    }

    /// Nothing there.
    public static let absent = ByteRange(-1, -1)

    /// Whether there is something, even if empty.
    @inlinable
    public var isPresent: Bool { start >= 0 }
    /// The number of bytes.
    @inlinable
    public var count: Int { Int(end) - Int(start) }
    /// The same range for subscripts of a buffer.
    @inlinable
    public var range: Range<Int> { Int(start)..<Int(end) }
    /// The same bytes in a buffer in which they stand `distance` further on.
    @inlinable
    public func moved(by distance: Int) -> ByteRange {
        isPresent ? ByteRange(Int(start) + distance, Int(end) + distance) : self
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a range.
    @inlinable
    public subscript(range: ByteRange) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range.range])
    }

    /// Whether both hold the same bytes.
    @inlinable
    public func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }

    /// The bytes as text.
    @inlinable
    public var text: String { String(decoding: self, as: UTF8.self) }
}
