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
        TextRoom.append(atMost: head + transaction + size(operation.draft), to: &out) { room in
            writeHead(operation.seq, operation.time, to: &room)
            writeBody(operation.draft, to: &room)
            if let transaction = operation.transaction { write(transaction, to: &room) }
            writeTail(operation.draft, to: &room)
        }
    }

    /// Appends the line's beginning: number and time.
    static func append(seq: Int64, time: HybridTime, to out: inout [UInt8]) {
        TextRoom.append(atMost: head, to: &out) { writeHead(seq, time, to: &$0) }
    }

    /// Appends the line of a draft without a transaction, behind a beginning that is written already, and its newline.
    /// Returns where that stands which comes before the place of the transaction.
    static func append(_ draft: OperationDraft, behind beginning: [UInt8], to out: inout [UInt8]) -> Range<Int> {
        var body = 0..<0
        TextRoom.append(atMost: beginning.count + size(draft), to: &out) { room in
            beginning.withUnsafeBytes { room.write($0) }
            let start = room.count
            writeBody(draft, to: &room)
            body = start..<room.count
            writeTail(draft, to: &room)
        }
        return body
    }

    /// Appends the numbers of a transaction, as a member behind others.
    static func append(transaction: (first: Int64, count: Int), to out: inout [UInt8]) {
        TextRoom.append(atMost: self.transaction, to: &out) { write(transaction, to: &$0) }
    }

    /// Appends `{"name":value,…}`.
    public static func append(_ fields: [Field], to out: inout [UInt8]) {
        TextRoom.append(atMost: size(fields), to: &out) { write("", fields, to: &$0) }
    }

    /// Appends a whole number in decimal.
    public static func appendInteger(_ value: Int64, to out: inout [UInt8]) {
        TextRoom.append(atMost: TextRoom.integer, to: &out) { $0.write(value) }
    }

    private static func writeHead(_ seq: Int64, _ time: HybridTime, to room: inout TextRoom) {
        room.write("{\"seq\":")
        room.write(seq)
        room.write(",\"at\":\"")
        room.write(time)
        room.write("\"")
        if time.counter > 0 {
            room.write(",\"lc\":")
            room.write(Int64(time.counter))
        }
    }

    private static func writeBody(_ draft: OperationDraft, to room: inout TextRoom) {
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
    }

    private static func write(_ transaction: (first: Int64, count: Int), to room: inout TextRoom) {
        room.write(",\"tx\":[")
        room.write(transaction.first)
        room.write(",")
        room.write(Int64(transaction.count))
        room.write("]")
    }

    private static func writeTail(_ draft: OperationDraft, to room: inout TextRoom) {
        if let key = draft.key { write(",\"key\":", key, to: &room) }
        if let by = draft.by { write(",\"by\":", by, to: &room) }
        room.write("}\n")
    }

    /// The most bytes that number and time take.
    private static let head = 64 + 2 * TextRoom.integer
    /// The most bytes that the numbers of a transaction take.
    private static let transaction = 8 + 2 * TextRoom.integer

    /// The most bytes that the rest of a line takes: with all keys, and every character of the strings escaped.
    private static func size(_ draft: OperationDraft) -> Int {
        var size = 128 + TextRoom.integer + size(draft.set) + size(draft.add)
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
