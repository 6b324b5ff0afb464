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
        let draft = operation.draft
        out.append(contentsOf: "{\"seq\":".utf8)
        appendInteger(operation.seq, to: &out)
        out.append(contentsOf: ",\"at\":\"".utf8)
        out.append(contentsOf: Timestamp.bytes(milliseconds: operation.time.milliseconds))
        out.append(UInt8(ascii: "\""))
        if operation.time.counter > 0 {
            out.append(contentsOf: ",\"lc\":".utf8)
            appendInteger(Int64(operation.time.counter), to: &out)
        }
        append("entity", draft.entity, to: &out)
        append("id", draft.id, to: &out)
        append("action", draft.action.name, to: &out)
        if let base = draft.base {
            out.append(contentsOf: ",\"base\":".utf8)
            appendInteger(base, to: &out)
        }
        if let store = draft.store { append("store", store, to: &out) }
        if !draft.set.isEmpty { append("set", draft.set, to: &out) }
        if let was = draft.was, !was.isEmpty { append("was", was, to: &out) }
        if !draft.add.isEmpty { append("add", draft.add, to: &out) }
        if let (first, count) = operation.transaction {
            out.append(contentsOf: ",\"tx\":[".utf8)
            appendInteger(first, to: &out)
            out.append(UInt8(ascii: ","))
            appendInteger(Int64(count), to: &out)
            out.append(UInt8(ascii: "]"))
        }
        if let key = draft.key { append("key", key, to: &out) }
        if let by = draft.by { append("by", by, to: &out) }
        out.append(UInt8(ascii: "}"))
        out.append(UInt8(ascii: "\n"))
    }

    /// Appends `{"name":value,…}`.
    public static func append(_ fields: [Field], to out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        for (index, field) in fields.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            JSONString.append(field.name, to: &out)
            out.append(UInt8(ascii: ":"))
            out.append(contentsOf: field.value.json.utf8)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// Appends a whole number in decimal.
    public static func appendInteger(_ value: Int64, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { text in
            var start = text.count
            var rest = value.magnitude
            repeat {
                start -= 1
                text[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if value < 0 {
                start -= 1
                text[start] = UInt8(ascii: "-")
            }
            out.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
    }

    private static func append(_ name: StaticString, _ text: String, to out: inout [UInt8]) {
        appendName(name, to: &out)
        JSONString.append(text, to: &out)
    }

    private static func append(_ name: StaticString, _ fields: [Field], to out: inout [UInt8]) {
        appendName(name, to: &out)
        append(fields, to: &out)
    }

    private static func appendName(_ name: StaticString, to out: inout [UInt8]) {
        out.append(contentsOf: ",\"".utf8)
        name.withUTF8Buffer { out.append(contentsOf: $0) }
        out.append(contentsOf: "\":".utf8)
    }
}
