import NightdropModel

/// Walks the members of an object of fields that has been checked already (by `OperationScanner` or by the store).
public struct FieldCursor {
    private var scanner: JSONScanner
    private var isDone: Bool

    /// A cursor over the object that stands at a range of a buffer; an absent range has no members.
    public init(_ buffer: UnsafeRawBufferPointer, _ object: ByteRange) {
        guard object.isPresent, object.count > 2 else {
            scanner = JSONScanner(buffer, from: 0, to: 0)
            isDone = true
            return
        }
        scanner = JSONScanner(buffer, from: Int(object.start), to: Int(object.end))
        scanner.position += 1
        scanner.skipSpace()
        isDone = scanner.current == UInt8(ascii: "}")
    }

    /// The next member: the name between its quotes, and the value. Nil at the end.
    public mutating func next() -> (name: ByteRange, value: ByteRange)? {
        guard !isDone else { return nil }
        do throws(JSONError) {
            let name = try scanner.string()
            scanner.skipSpace()
            try scanner.expect(UInt8(ascii: ":"))
            scanner.skipSpace()
            let value = try scanner.value()
            scanner.skipSpace()
            if scanner.take(UInt8(ascii: ",")) {
                scanner.skipSpace()
            } else {
                isDone = true
            }
            return (name, value)
        } catch {
            isDone = true
            return nil
        }
    }

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
