/// Strings of JSON: the one way in which Nightdrop writes them, and how to read any.
///
/// Written so, equal texts are equal bytes: only `"`, `\` and the control characters are escaped, as `\"`, `\\`, `\b`,
/// `\t`, `\n`, `\f`, `\r`, or `\u00XX` in lower case.
public enum JSONString {
    /// Appends a string with its quotes.
    public static func append(_ text: String, to out: inout [UInt8]) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0), to: &out) }
    }

    /// Appends a string with its quotes.
    public static func append(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var start = 0
        var next = PlainBytes.end(text, 0, text.count)
        while next < text.count {
            let byte = text[next]
            if byte < 0x80 {
                out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start..<next]))
                start = next + 1
                appendEscape(byte, to: &out)
            }
            next = PlainBytes.end(text, next + 1, text.count)
        }
        out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start...]))
        out.append(UInt8(ascii: "\""))
    }

    /// A string with its quotes.
    public static func quoted(_ text: String) -> String {
        var out: [UInt8] = []
        append(text, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// A string without its quotes.
    public static func inside(_ text: String) -> [UInt8] { Array(quoted(text).utf8.dropFirst().dropLast()) }

    /// The text of a string whose inside (between the quotes, checked by `JSONScanner`) is given.
    public static func unescaped(_ inside: UnsafeRawBufferPointer) -> String {
        guard inside.contains(0x5C) else { return inside.text }
        var out: [UInt8] = []
        var index = 0
        while index < inside.count {
            let byte = inside[index]
            guard byte == 0x5C, index + 1 < inside.count else {
                out.append(byte)
                index += 1
                continue
            }
            let kind = inside[index + 1]
            index += 2
            switch kind {
            case 0x62: out.append(0x08)
            case 0x66: out.append(0x0C)
            case 0x6E: out.append(0x0A)
            case 0x72: out.append(0x0D)
            case 0x74: out.append(0x09)
            case 0x75:
                var unit = unit(inside, at: index)
                index += 4
                if unit & 0xFC00 == 0xD800, index + 6 <= inside.count {
                    unit = 0x10000 + (unit & 0x3FF) << 10 + self.unit(inside, at: index + 2) & 0x3FF
                    index += 6
                }
                out.append(contentsOf: String(Unicode.Scalar(unit) ?? "\u{FFFD}").utf8)
            default: out.append(kind)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Whether the inside of a string is written as `append` would.
    public static func isCanonical(_ inside: UnsafeRawBufferPointer) -> Bool {
        guard inside.contains(0x5C) else { return true }
        var again: [UInt8] = []
        append(unescaped(inside), to: &again)
        return again.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0.dropFirst().dropLast()).equals(inside) }
    }

    private static func appendEscape(_ byte: UInt8, to out: inout [UInt8]) {
        out.append(0x5C)
        switch byte {
        case 0x22, 0x5C: out.append(byte)
        case 0x08: out.append(UInt8(ascii: "b"))
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x0A: out.append(UInt8(ascii: "n"))
        case 0x0C: out.append(UInt8(ascii: "f"))
        case 0x0D: out.append(UInt8(ascii: "r"))
        default:
            let digits = Array("0123456789abcdef".utf8)
            out.append(contentsOf: "u00".utf8)
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        }
    }

    private static func unit(_ bytes: UnsafeRawBufferPointer, at start: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in start..<min(start + 4, bytes.count) {
            let byte = bytes[index]
            value = value << 4 | UInt32(byte & 15) + (byte > 0x39 ? 9 : 0)
        }
        return value
    }
}
