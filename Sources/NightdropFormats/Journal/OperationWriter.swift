import NightdropModel

/// An operation with everything that its line says, ready to be written.
public struct NumberedOperation: Sendable {
    /// Its number.
    public var seq: Int64
    /// Its time.
    public var time: HybridTime
    /// What the caller gave, with `base`, `was` and increments filled in.
    public var draft: OperationDraft
    /// The numbers of its transaction; nil for an operation on its own.
    public var transaction: (first: Int64, count: Int)?

    /// A numbered operation.
    public init(seq: Int64, time: HybridTime, draft: OperationDraft, transaction: (first: Int64, count: Int)? = nil) {
        self.seq = seq
        self.time = time
        self.draft = draft
        self.transaction = transaction
    }
}

/// Writes operation lines: the keys in the order of the format's table, no spaces.
public enum OperationWriter {
    /// Appends the line and its newline.
    public static func append(_ operation: NumberedOperation, to out: inout [UInt8]) {
        TextRoom.append(atMost: size(operation.draft), to: &out) { room in
            let draft = operation.draft
            room.write("{\"seq\":")
            room.write(operation.seq)
            room.write(",\"at\":\"")
            room.write(operation.time)
            room.write("\"")
            if operation.time.counter > 0 {
                room.write(",\"lc\":")
                room.write(Int64(operation.time.counter))
            }
            room.write(",\"entity\":")
            room.write(string: draft.entity)
            room.write(",\"id\":")
            room.write(string: draft.id)
            room.write(word(draft.action))
            if let base = draft.base {
                room.write(",\"base\":")
                room.write(base)
            }
            if let store = draft.store { write(",\"store\":", store, to: &room) }
            if !draft.set.isEmpty { write(",\"set\":", draft.set, to: &room) }
            if let was = draft.was, !was.isEmpty { write(",\"was\":", was, to: &room) }
            if !draft.add.isEmpty { write(",\"add\":", draft.add, to: &room) }
            if let (first, count) = operation.transaction {
                room.write(",\"tx\":[")
                room.write(first)
                room.write(",")
                room.write(Int64(count))
                room.write("]")
            }
            if let key = draft.key { write(",\"key\":", key, to: &room) }
            if let by = draft.by { write(",\"by\":", by, to: &room) }
            room.write("}\n")
        }
    }

    /// Appends `{"name":value,…}`.
    public static func append(_ fields: [Field], to out: inout [UInt8]) {
        TextRoom.append(atMost: size(fields), to: &out) { write("", fields, to: &$0) }
    }

    /// Appends a whole number in decimal.
    public static func appendInteger(_ value: Int64, to out: inout [UInt8]) {
        TextRoom.append(atMost: TextRoom.integer, to: &out) { $0.write(value) }
    }

    /// The most bytes that a line takes: with all keys, and every character of the strings escaped.
    private static func size(_ draft: OperationDraft) -> Int {
        var size = 256 + 5 * TextRoom.integer + size(draft.set) + size(draft.add)
        if let was = draft.was { size += self.size(was) }
        size += TextRoom.string(draft.entity) + TextRoom.string(draft.id)
        if let store = draft.store { size += TextRoom.string(store) }
        if let key = draft.key { size += TextRoom.string(key) }
        if let by = draft.by { size += TextRoom.string(by) }
        return size
    }

    private static func size(_ fields: [Field]) -> Int {
        var size = 2
        for field in fields { size += TextRoom.string(field.name) + field.value.json.utf8.count + 2 }
        return size
    }

    private static func word(_ action: Action) -> StaticString {
        switch action {
        case .create: ",\"action\":\"create\""
        case .update: ",\"action\":\"update\""
        case .delete: ",\"action\":\"delete\""
        }
    }

    private static func write(_ name: StaticString, _ text: String, to room: inout TextRoom) {
        room.write(name)
        room.write(string: text)
    }

    private static func write(_ name: StaticString, _ fields: [Field], to room: inout TextRoom) {
        room.write(name)
        var separator: StaticString = "{"
        for field in fields {
            room.write(separator)
            room.write(string: field.name)
            room.write(":")
            room.write(json: field.value.json)
            separator = ","
        }
        room.write(fields.isEmpty ? "{}" : "}")
    }
}
