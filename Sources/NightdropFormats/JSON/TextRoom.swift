import NightdropModel

/// Text that is written into memory of which there is enough, which spares a check for every piece.
package struct TextRoom {
    private let start: UnsafeMutableRawPointer
    /// How many bytes are written.
    private(set) var count = 0

    /// Appends to `out` what `body` writes: at most `bytes` bytes.
    package static func append(atMost bytes: Int, to out: inout [UInt8], _ body: (inout TextRoom) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 1) { memory in
            guard let start = memory.baseAddress else { return }
            var room = TextRoom(start: start)
            body(&room)
            out.append(contentsOf: UnsafeRawBufferPointer(start: start, count: room.count))
        }
    }

    /// The most bytes that a text takes as a string with its quotes.
    static func string(_ text: String) -> Int { 6 * text.utf8.count + 2 }

    /// The most bytes that a whole number takes.
    package static let integer = 20

    private init(start: UnsafeMutableRawPointer) { self.start = start }

    package mutating func write(_ literal: StaticString) {
        write(UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    package mutating func write(_ byte: UInt8) {
        start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        (start + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// JSON as it is.
    mutating func write(json: String) {
        var json = json
        json.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    /// A string with its quotes.
    mutating func write(string: String) {
        var string = string
        string.withUTF8 { text in
            let text = UnsafeRawBufferPointer(text)
            if PlainBytes.end(text, 0, text.count) == text.count {
                write(UInt8(ascii: "\""))
                write(text)
                write(UInt8(ascii: "\""))
            } else {
                var escaped: [UInt8] = []
                JSONString.append(text, to: &escaped)
                escaped.withUnsafeBytes { write($0) }
            }
        }
    }

    /// A whole number in decimal.
    package mutating func write(_ value: Int64) {
        if value < 0 { write(UInt8(ascii: "-")) }
        var rest = value.magnitude
        var digits = 1
        var power: UInt64 = 10
        while digits < 19, rest >= power {
            power *= 10
            digits += 1
        }
        for place in stride(from: count + digits - 1, through: count, by: -1) {
            start.storeBytes(
                of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: place, as: UInt8.self)
            rest /= 10
        }
        count += digits
    }

    /// A time.
    mutating func write(_ time: HybridTime) {
        let room = UnsafeMutableRawBufferPointer(start: start + count, count: Timestamp.byteCount)
        Timestamp.write(milliseconds: time.milliseconds, to: room)
        count += Timestamp.byteCount
    }
}
