import Nightdrop

/// Splits a CSV text (RFC 4180) into the fields of its rows.
enum CSVText {
    /// Hands on each row; an unfinished quoted field throws.
    static func rows(_ text: [UInt8], _ body: ([String]) throws -> Void) throws {
        var fields: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var index = 0
        func end() {
            fields.append(String(decoding: field, as: UTF8.self))
            field.removeAll(keepingCapacity: true)
        }
        while index < text.count {
            let byte = text[index]
            index += 1
            if isQuoted {
                if byte != UInt8(ascii: "\"") {
                    field.append(byte)
                } else if index < text.count, text[index] == byte {
                    field.append(byte)
                    index += 1
                } else {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isQuoted = true
            case UInt8(ascii: ","): end()
            case UInt8(ascii: "\r"): continue
            case UInt8(ascii: "\n"):
                end()
                try body(fields)
                fields.removeAll(keepingCapacity: true)
            default: field.append(byte)
            }
        }
        guard !isQuoted, fields.isEmpty, field.isEmpty else {
            throw Failure("the CSV text ends within a row", status: 65)
        }
    }
}
