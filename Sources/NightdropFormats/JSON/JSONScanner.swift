import NightdropModel

/// Walks JSON text (RFC 8259) once, checking every byte, and tells where things begin and end. Copies nothing.
public struct JSONScanner {
    /// The text.
    public let bytes: UnsafeRawBufferPointer
    /// The next byte to look at.
    public var position: Int
    /// Where the text ends.
    public let end: Int

    /// A scanner over a part of a buffer.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer, from start: Int = 0, to end: Int? = nil) {
        self.bytes = bytes
        self.position = start
        self.end = end ?? bytes.count
    }

    /// The byte at the position, 0 at the end.
    @inlinable
    public var current: UInt8 { position < end ? bytes[position] : 0 }

    /// Passes over spaces, tabs and line ends.
    @inlinable
    public mutating func skipSpace() {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// Passes over one byte if it is the given one.
    @inlinable
    public mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte, position < end else { return false }
        position += 1
        return true
    }

    /// Passes over one byte, which must be the given one.
    @inlinable
    public mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard take(byte) else { throw expected(byte) }
    }

    // Apart, so that what happens for each byte stays small enough to be inlined.
    @usableFromInline
    @inline(never)
    func expected(_ byte: UInt8) -> JSONError { unexpected("expected '\(Character(UnicodeScalar(byte)))'") }

    /// Passes over a string and returns the range between its quotes.
    @inlinable
    public mutating func string() throws(JSONError) -> ByteRange {
        try expect(0x22)
        let start = position
        while true {
            position = PlainBytes.end(bytes, position, end)
            guard position < end else { break }
            let byte = bytes[position]
            if byte == 0x22 {
                position += 1
                return ByteRange(start, position - 1)
            }
            try skipUnusual(byte)
        }
        throw unexpected("the text ends within a string")
    }

    /// Passes over any value of at most `levels` levels and returns its range.
    public mutating func value(levels: Int = Limits.jsonLevels) throws(JSONError) -> ByteRange {
        let start = position
        switch current {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"): try object(levels: levels)
        case UInt8(ascii: "["): try array(levels: levels)
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
        return ByteRange(start, position)
    }

    /// Passes over an object and calls `member` with the name of each member, the scanner standing at its value; `member`
    /// passes over the value.
    @inlinable
    public mutating func members(
        levels: Int = Limits.jsonLevels,
        _ member: (ByteRange, inout JSONScanner) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard levels > 0 else { throw unexpected("nested too deeply") }
        try expect(UInt8(ascii: "{"))
        skipSpace()
        if take(UInt8(ascii: "}")) { return }
        while true {
            let name = try string()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            skipSpace()
            try member(name, &self)
            skipSpace()
            if take(UInt8(ascii: "}")) { return }
            try expect(UInt8(ascii: ","))
            skipSpace()
        }
    }

    /// A whole number of at most 18 digits.
    @inlinable
    public mutating func integer() throws(JSONError) -> Int64 {
        let negative = take(UInt8(ascii: "-"))
        let start = position
        var value: Int64 = 0
        while position < end {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            value = value &* 10 &+ Int64(digit)
            position += 1
        }
        let digits = position - start
        guard digits > 0, digits <= 18, digits == 1 || bytes[start] != UInt8(ascii: "0") else {
            throw unexpected("expected a whole number")
        }
        return negative ? -value : value
    }

    /// An error at the position.
    @inline(never)
    public func unexpected(_ reason: String) -> JSONError { JSONError(offset: position, reason: reason) }

    private mutating func object(levels: Int) throws(JSONError) {
        try members(levels: levels) { (_, scanner: inout JSONScanner) throws(JSONError) in
            _ = try scanner.value(levels: levels - 1)
        }
    }

    private mutating func array(levels: Int) throws(JSONError) {
        guard levels > 0 else { throw unexpected("nested too deeply") }
        position += 1
        skipSpace()
        if take(UInt8(ascii: "]")) { return }
        while true {
            _ = try value(levels: levels - 1)
            skipSpace()
            if take(UInt8(ascii: "]")) { return }
            try expect(UInt8(ascii: ","))
            skipSpace()
        }
    }

    private mutating func word(_ text: StaticString) throws(JSONError) {
        let count = text.utf8CodeUnitCount
        guard end - position >= count else { throw unexpected("expected a value") }
        for index in 0..<count where bytes[position + index] != text.utf8Start[index] {
            throw unexpected("expected a value")
        }
        position += count
    }

    private mutating func number() throws(JSONError) {
        _ = take(UInt8(ascii: "-"))
        let first = current
        let count = digits()
        guard count > 0 else { throw unexpected("expected a value") }
        guard count == 1 || first != UInt8(ascii: "0") else { throw unexpected("a number begins with 0") }
        if take(UInt8(ascii: ".")) {
            guard digits() > 0 else { throw unexpected("expected a digit") }
        }
        if current | 0x20 == UInt8(ascii: "e") {
            position += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw unexpected("expected a digit") }
        }
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

    private mutating func digits() -> Int {
        let start = position
        while position < end, isDigit(bytes[position]) { position += 1 }
        return position - start
    }

    /// An escape, a control character or a character beyond ASCII within a string.
    @usableFromInline
    mutating func skipUnusual(_ byte: UInt8) throws(JSONError) {
        switch byte {
        case 0x5C: try skipEscape()
        case 0x80...: try skipUTF8(byte)
        default: throw unexpected("a control character within a string")
        }
    }

    private mutating func skipEscape() throws(JSONError) {
        guard position + 1 < end else { throw unexpected("the text ends within a string") }
        switch bytes[position + 1] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: position += 2
        case 0x75:
            let unit = try hexadecimal(at: position + 2)
            if unit & 0xFC00 == 0xD800 {
                guard position + 7 < end, bytes[position + 6] == 0x5C, bytes[position + 7] == 0x75,
                    try hexadecimal(at: position + 8) & 0xFC00 == 0xDC00
                else { throw unexpected("half a surrogate pair") }
                position += 12
            } else if unit & 0xFC00 == 0xDC00 {
                throw unexpected("half a surrogate pair")
            } else {
                position += 6
            }
        default: throw unexpected("an unknown escape")
        }
    }

    private func hexadecimal(at start: Int) throws(JSONError) -> UInt32 {
        guard start + 4 <= end else { throw unexpected("the text ends within a string") }
        var value: UInt32 = 0
        for index in start..<(start + 4) {
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x37
            case 0x61...0x66: digit = byte - 0x57
            default: throw unexpected("an unknown escape")
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Well-formed sequences are those of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
    private mutating func skipUTF8(_ first: UInt8) throws(JSONError) {
        let (length, low, high): (Int, UInt8, UInt8) =
            switch first {
            case 0xC2...0xDF: (2, 0x80, 0xBF)
            case 0xE0: (3, 0xA0, 0xBF)
            case 0xED: (3, 0x80, 0x9F)
            case 0xE1...0xEF: (3, 0x80, 0xBF)
            case 0xF0: (4, 0x90, 0xBF)
            case 0xF1...0xF3: (4, 0x80, 0xBF)
            case 0xF4: (4, 0x80, 0x8F)
            default: throw unexpected("not UTF-8")
            }
        guard position + length <= end, bytes[position + 1] >= low, bytes[position + 1] <= high else {
            throw unexpected("not UTF-8")
        }
        for index in stride(from: 2, to: length, by: 1) where bytes[position + index] & 0xC0 != 0x80 {
            throw unexpected("not UTF-8")
        }
        position += length
    }
}
