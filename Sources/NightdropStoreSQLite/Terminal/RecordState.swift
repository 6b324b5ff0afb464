import NightdropFormats
import NightdropModel

/// A record as a terminal sees it.
public struct RecordState: Sendable, Equatable {
    /// Its fields, as a JSON object.
    public var data: [UInt8]
    /// Whether it lives; a record that does not is a tombstone.
    public var lives: Bool
    /// The latest change of central that it contains; nil where central keeps no copy here up to date.
    public var csn: Int64?

    /// A state.
    public init(data: [UInt8] = RecordState.noFields, lives: Bool, csn: Int64?) {
        self.data = data
        self.lives = lives
        self.csn = csn
    }

    /// An object without members.
    public static let noFields = Array("{}".utf8)

    /// The fields.
    public var fields: [Field] { FieldCursor.fields(data) }

    /// The value of a field; nil if there is none of that name.
    public func value(_ field: String) -> FieldValue? {
        var name: [UInt8] = []
        JSONString.append(field, to: &name)
        return name.withUnsafeBytes { name in
            data.withUnsafeBytes { data in
                let value = FieldCursor.value(
                    UnsafeRawBufferPointer(rebasing: name.dropFirst().dropLast()), in: data, ByteRange(0, data.count))
                return value.isPresent ? FieldValue(checkedJSON: data[value].text) : nil
            }
        }
    }

    /// The record after an operation: `set` and `add` are objects in `buffer`.
    public static func after(
        _ action: Action, on state: RecordState?, _ buffer: UnsafeRawBufferPointer, set: ByteRange, add: ByteRange
    ) -> RecordState {
        var next = state ?? RecordState(lives: false, csn: nil)
        next.lives = action != .delete
        if set.isPresent { next.data = FieldMerge.setting(next.data, buffer, set) }
        if add.isPresent { next.data = FieldMerge.adding(next.data, buffer, add) }
        return next
    }

    /// The record after an operation.
    static func after(
        _ operation: ScannedOperation, on state: RecordState?, _ buffer: UnsafeRawBufferPointer
    ) -> RecordState {
        after(operation.action, on: state, buffer, set: operation.set, add: operation.add)
    }
}

/// Changes of objects of fields, as bytes. Names are in the one canonical spelling, so equal names are equal bytes.
enum FieldMerge {
    /// `data` with the members of the object at `set` in place of its own.
    static func setting(_ data: [UInt8], _ buffer: UnsafeRawBufferPointer, _ set: ByteRange) -> [UInt8] {
        if data.count <= 2 { return Array(buffer[set]) }
        var out = ObjectWriter(capacity: data.count + set.count)
        data.withUnsafeBytes { data in
            let whole = ByteRange(0, data.count)
            var old = FieldCursor(data, whole)
            while let member = old.next() {
                let changed = FieldCursor.value(data[member.name], in: buffer, set)
                out.append(data[member.name], changed.isPresent ? buffer[changed] : data[member.value])
            }
            var new = FieldCursor(buffer, set)
            while let member = new.next() {
                guard !FieldCursor.value(buffer[member.name], in: data, whole).isPresent else { continue }
                out.append(buffer[member.name], buffer[member.value])
            }
        }
        return out.finish()
    }

    /// `data` with the increments of the object at `add` added; what is no number counts as 0.
    static func adding(_ data: [UInt8], _ buffer: UnsafeRawBufferPointer, _ add: ByteRange) -> [UInt8] {
        var sums = ObjectWriter(capacity: add.count * 2)
        data.withUnsafeBytes { data in
            var cursor = FieldCursor(buffer, add)
            while let member = cursor.next() {
                let value = FieldCursor.value(buffer[member.name], in: data, ByteRange(0, data.count))
                let old = value.isPresent ? ExactDecimal(json: data[value]) ?? .zero : .zero
                let sum = old.adding(ExactDecimal(json: buffer[member.value]) ?? .zero) ?? old
                var text = sum.text
                text.withUTF8 { sums.append(buffer[member.name], UnsafeRawBufferPointer($0)) }
            }
        }
        let object = sums.finish()
        return object.withUnsafeBytes { setting(data, $0, ByteRange(0, $0.count)) }
    }
}

/// Writes an object from names (between their quotes) and values that are JSON already.
private struct ObjectWriter {
    private var out: [UInt8] = [UInt8(ascii: "{")]

    init(capacity: Int) { out.reserveCapacity(capacity + 2) }

    mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        out.append(contentsOf: (out.count > 1 ? ",\"" : "\"").utf8)
        out.append(contentsOf: name)
        out.append(contentsOf: "\":".utf8)
        out.append(contentsOf: value)
    }

    mutating func finish() -> [UInt8] {
        out.append(UInt8(ascii: "}"))
        return out
    }
}
