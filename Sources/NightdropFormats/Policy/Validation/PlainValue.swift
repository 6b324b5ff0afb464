import NightdropModel

/// A JSON value as far as rules look at it. Numbers are equal by value.
enum PlainValue: Equatable {
    case null
    case boolean(Bool)
    /// Nil for a number outside the limits.
    case number(ExactDecimal?)
    case text(String)
    case list
    case object

    /// A well-formed JSON text.
    init(json: String) {
        var json = json
        self = json.withUTF8 { PlainValue(UnsafeRawBufferPointer($0)) }
    }

    /// The bytes of a well-formed JSON text.
    init(_ bytes: UnsafeRawBufferPointer) {
        switch bytes.first {
        case UInt8(ascii: "\""):
            self = .text(JSONString.unescaped(UnsafeRawBufferPointer(rebasing: bytes.dropFirst().dropLast())))
        case UInt8(ascii: "["): self = .list
        case UInt8(ascii: "{"): self = .object
        case UInt8(ascii: "t"): self = .boolean(true)
        case UInt8(ascii: "f"): self = .boolean(false)
        case UInt8(ascii: "n"): self = .null
        default: self = .number(ExactDecimal(json: bytes))
        }
    }

    /// Whether a field of the type may hold it.
    func fits(_ type: FieldType) -> Bool {
        switch (type, self) {
        case (.json, _), (.boolean, .boolean), (.text, .text), (.decimal, .number(_?)): true
        case (.integer, .number(let number?)): number.normalized.exponent >= 0
        case (.date, .text(let text)): Timestamp.isDate(text)
        case (.time, .text(let text)): PlainValue.isTime(text)
        default: false
        }
    }

    /// Whether a text is a time of day, `17:59` or `17:59:03`.
    private static func isTime(_ text: String) -> Bool {
        let seconds = text.utf8.count == 5 ? ":00" : ""
        return Timestamp.milliseconds("2000-01-01T\(text)\(seconds).000Z") != nil
    }
}
