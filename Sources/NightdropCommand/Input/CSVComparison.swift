import Nightdrop
import NightdropFormats
import NightdropModel

/// What a row of a CSV file changes in its record.
struct CSVComparison {
    /// The entity's rules.
    let entity: EntityPolicy
    /// The columns of the file.
    let columns: [String]
    /// The column that holds the ids; it is no field.
    let key: Int
    /// At head office: the store of the records.
    let store: String?

    /// A comparison for a file with these columns.
    init(_ entity: EntityPolicy, columns: [String], key: String, store: String?) throws(DraftError) {
        guard let index = columns.firstIndex(of: key) else {
            let isSplitOtherwise = columns.count == 1 && columns[0].contains { $0 == ";" || $0 == "\t" }
            throw DraftError(
                "there is no column \"\(key)\"; the columns are \(columns.joined(separator: ", "))"
                    + (isSplitOtherwise ? "; only commas separate columns" : ""))
        }
        guard Set(columns).count == columns.count else { throw DraftError("a column stands twice") }
        guard columns.allSatisfy({ (1...Limits.nameBytes).contains($0.utf8.count) }) else {
            throw DraftError("a column has no name, or one of more than \(Limits.nameBytes) bytes")
        }
        self.entity = entity
        self.columns = columns
        self.key = index
        self.store = store
    }

    /// The id of a row.
    func id(_ row: [String]) throws(DraftError) -> String {
        guard row.count == columns.count else {
            throw DraftError("the row has \(Words.count(row.count, "cell")), the header \(columns.count)")
        }
        guard (1...Limits.nameBytes).contains(row[key].utf8.count) else {
            throw DraftError("the id in column \(columns[key]) must have 1 to \(Limits.nameBytes) bytes")
        }
        return row[key]
    }

    /// The operation that makes the record what the row says; nil where it is so already.
    func draft(_ row: [String], _ record: Record?) throws(DraftError) -> OperationDraft? {
        var set: [Field] = []
        for (index, cell) in row.enumerated() where index != key {
            let name = columns[index]
            let present = record?[name]
            let value = try value(cell, of: name, present)
            if CSVComparison.isSame(value, present) { continue }
            set.append(Field(name, value ?? .null))
        }
        let id = try id(row)
        guard let record else { return OperationDraft(.create, entity.name, id: id, set: set, store: store) }
        return set.isEmpty
            ? nil : OperationDraft(.update, entity.name, id: id, set: set, base: record.base, store: store)
    }

    /// The value of a cell; nil for an empty one, which means none.
    private func value(_ cell: String, of name: String, _ present: FieldValue?) throws(DraftError) -> FieldValue? {
        if cell.isEmpty { return nil }
        func wrong(_ expected: String) -> DraftError {
            DraftError("column \(name): \"\(cell.prefix(40))\" is not \(expected)")
        }
        switch entity.field(name)?.type {
        case .integer, .decimal:
            guard let number = ExactDecimal(cell) else { throw wrong("a number such as 1234.50") }
            return .decimal(number)
        case .boolean:
            switch cell.lowercased() {
            case "true", "1": return .boolean(true)
            case "false", "0": return .boolean(false)
            default: throw wrong("true or false")
            }
        case .json:
            guard let value = try? JSONValue.parse(cell) else { throw wrong("JSON") }
            return FieldValue(checkedJSON: value.compact)
        case .text, .date, .time: return .text(cell)
        case nil:
            if present?.decimal != nil, let number = ExactDecimal(cell) { return .decimal(number) }
            return .text(cell)
        }
    }

    /// Numbers are compared by value; nothing, `null` and an empty text are the same, as CSV cannot tell them apart.
    private static func isSame(_ value: FieldValue?, _ present: FieldValue?) -> Bool {
        let nothing: Set<String> = ["null", "\"\""]
        guard let value else { return present.map { nothing.contains($0.json) } ?? true }
        guard let present else { return false }
        if let number = value.decimal, let before = present.decimal { return number == before }
        return JSONValue(value) == JSONValue(present)
    }
}

extension FieldValue {
    /// A text.
    static func text(_ text: String) -> FieldValue { FieldValue(checkedJSON: JSONString.quoted(text)) }
}
