import NightdropModel

/// Walks the members of an object of fields that has been checked already (by `OperationScanner` or by the store), and so
/// looks for nothing but where members begin and end.
public struct FieldCursor {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var end = 0

    /// A cursor over the object that stands at a range of a buffer; an absent range has no members.
    public init(_ buffer: UnsafeRawBufferPointer, _ object: ByteRange) {
        bytes = buffer
        guard object.isPresent, object.count > 2 else { return }
        position = Int(object.start) + 1
        end = Int(object.end)
    }

    /// The next member: the name between its quotes, and the value. Nil at the end.
    public mutating func next() -> (name: ByteRange, value: ByteRange)? {
        // Behind a comma, or spaces.
        while position < end, bytes[position] != UInt8(ascii: "\"") { position += 1 }
        guard position < end else { return nil }
        let name = position + 1
        skipString()
        let nameEnd = position - 1
        while position < end, bytes[position] == UInt8(ascii: ":") || isSpace(bytes[position]) { position += 1 }
        let value = position
        skipValue()
        return (ByteRange(name, nameEnd), ByteRange(value, position))
    }

    private mutating func skipValue() {
        guard position < end else { return }
        switch bytes[position] {
        case UInt8(ascii: "\""): skipString()
        case UInt8(ascii: "{"), UInt8(ascii: "["): skipNested()
        default:
            while position < end, bytes[position] != UInt8(ascii: ","), bytes[position] != UInt8(ascii: "}"),
                !isSpace(bytes[position])
            { position += 1 }
        }
    }

    /// From a quote to behind the one that belongs to it.
    private mutating func skipString() {
        position += 1
        while position < end {
            position = PlainBytes.end(bytes, position, end)
            guard position < end else { return }
            let byte = bytes[position]
            position += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return }
        }
        position = end
    }

    /// From a bracket to behind the one that belongs to it.
    private mutating func skipNested() {
        var depth = 0
        while position < end {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                skipString()
                continue
            }
            position += 1
            // Most of what stands there comes before the brackets.
            if byte < UInt8(ascii: "[") { continue }
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                depth -= 1
                if depth == 0 { return }
            }
        }
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }

    /// The value of the member of that name; absent where there is none.
    public static func value(
        _ name: UnsafeRawBufferPointer, in buffer: UnsafeRawBufferPointer, _ object: ByteRange
    ) -> ByteRange {
        var cursor = FieldCursor(buffer, object)
        while let member = cursor.next() {
            if buffer[member.name].equals(name) { return member.value }
        }
        return .absent
    }

    /// All members as values of their own.
    public static func fields(_ buffer: UnsafeRawBufferPointer, _ object: ByteRange) -> [Field] {
        var fields: [Field] = []
        var cursor = FieldCursor(buffer, object)
        while let member = cursor.next() {
            let value = FieldValue(checkedJSON: buffer[member.value].text)
            fields.append(Field(JSONString.unescaped(buffer[member.name]), value))
        }
        return fields
    }

    /// All members of an object's JSON text.
    public static func fields(_ json: [UInt8]) -> [Field] {
        json.withUnsafeBytes { fields($0, ByteRange(0, $0.count)) }
    }
}
