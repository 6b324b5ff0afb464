/// Passes over the bytes of strings that need no look of their own, eight at a time.
@usableFromInline
enum PlainBytes {
    /// The place of the first byte from `start` on that is a quote, a backslash, a control character or beyond ASCII; `end`
    /// if there is none before it.
    ///
    /// Source of the arithmetic: Anderson, "Bit Twiddling Hacks" (haszero, hasless). It may name too many bytes, but never
    /// a wrong first one.
    @inlinable
    @inline(__always)
    static func end(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int {
        var place = start
        while place + 8 <= end {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let quotes = word ^ 0x2222_2222_2222_2222
            let backslashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let found =
                ((quotes &- 0x0101_0101_0101_0101) & ~quotes
                    | (backslashes &- 0x0101_0101_0101_0101) & ~backslashes
                    | (word &- 0x2020_2020_2020_2020) & ~word
                    | word) & 0x8080_8080_8080_8080
            if found != 0 { return place + found.trailingZeroBitCount >> 3 }
            place += 8
        }
        while place < end {
            let byte = bytes[place]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 || byte >= 0x80 { return place }
            place += 1
        }
        return end
    }
}
