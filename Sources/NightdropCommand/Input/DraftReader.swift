import NightdropFormats
import NightdropModel

/// A line that is no operation.
struct DraftError: Error, CustomStringConvertible {
    let description: String

    init(_ problem: String) { description = problem }
}

/// Reads the operations of a line: an object is one, an array is a transaction.
enum DraftReader {
    private static let keys = ["entity", "id", "action", "set", "add", "was", "base", "store", "key", "by"]
    /// An operation and its object of fields are levels of their own.
    private static let valueLevels = Limits.jsonLevels - 2

    /// The operations of a line.
    static func drafts(_ line: [UInt8]) throws -> [OperationDraft] {
        let value = try JSONValue.parse(line)
        guard let elements = value.elements else { return [try draft(value)] }
        guard !elements.isEmpty else { throw DraftError("a transaction without operations") }
        return try elements.enumerated().map { index, element in
            do { return try draft(element) } catch let error as DraftError {
                throw DraftError("operation \(index + 1) of \(elements.count): \(error)")
            }
        }
    }

    private static func draft(_ value: JSONValue) throws(DraftError) -> OperationDraft {
        guard let members = value.members else { throw DraftError("expected an object or an array of objects") }
        var seen: Set<String> = []
        for member in members {
            guard keys.contains(member.name) else {
                throw DraftError("there is no key \"\(member.name)\"; the keys are \(keys.joined(separator: ", "))")
            }
            guard seen.insert(member.name).inserted else { throw DraftError("the key \"\(member.name)\" stands twice") }
        }
        guard let word = value["action"]?.text, let action = Action(name: word) else {
            throw DraftError("\"action\" must be \"create\", \"update\" or \"delete\"")
        }
        guard let entity = value["entity"]?.text, EntityName.isValid(Array(entity.utf8)) else {
            throw DraftError("\"entity\" must be a name of letters, digits and '_', beginning with a letter")
        }
        guard let id = try name("id", value) else { throw DraftError("\"id\" is missing") }
        var draft = OperationDraft(action, entity, id: id)
        draft.set = try fields("set", value) ?? []
        draft.add = try fields("add", value) ?? []
        draft.was = try fields("was", value)
        draft.base = try base(value)
        draft.store = try store(value)
        draft.key = try name("key", value)
        draft.by = try text("by", value)
        if let field = draft.add.first(where: { $0.value.decimal == nil }) {
            throw DraftError("\"add\" takes numbers, and \(field.name) is none")
        }
        return draft
    }

    private static func text(_ key: String, _ value: JSONValue) throws(DraftError) -> String? {
        guard let member = value[key], !member.isNull else { return nil }
        guard let text = member.text else { throw DraftError("\"\(key)\" must be a text") }
        return text
    }

    private static func name(_ key: String, _ value: JSONValue) throws(DraftError) -> String? {
        guard let text = try text(key, value) else { return nil }
        guard (1...Limits.nameBytes).contains(text.utf8.count) else {
            throw DraftError("\"\(key)\" must have 1 to \(Limits.nameBytes) bytes")
        }
        return text
    }

    private static func store(_ value: JSONValue) throws(DraftError) -> String? {
        guard let text = try text("store", value) else { return nil }
        guard NodeID(text) != nil else { throw DraftError("\"store\" must have 1 to 16 letters, digits, '-' and '_'") }
        return text
    }

    private static func base(_ value: JSONValue) throws(DraftError) -> Int64? {
        guard let member = value["base"], !member.isNull else { return nil }
        guard let base = member.integer, base >= 0 else {
            throw DraftError("\"base\" must be the whole number that nightdrop get showed")
        }
        return base
    }

    private static func fields(_ key: String, _ value: JSONValue) throws(DraftError) -> [Field]? {
        guard let member = value[key], !member.isNull else { return nil }
        guard let members = member.members else { throw DraftError("\"\(key)\" must be an object of fields") }
        var seen: Set<String> = []
        var fields: [Field] = []
        for member in members {
            guard (1...Limits.nameBytes).contains(member.name.utf8.count) else {
                throw DraftError("the names of fields have 1 to \(Limits.nameBytes) bytes")
            }
            guard seen.insert(member.name).inserted else {
                throw DraftError("the field \"\(member.name)\" stands twice in \"\(key)\"")
            }
            try check(member.value, of: member.name, levels: valueLevels)
            fields.append(Field(member.name, FieldValue(checkedJSON: member.value.compact)))
        }
        return fields
    }

    private static func check(_ value: JSONValue, of field: String, levels: Int) throws(DraftError) {
        switch value {
        case .number:
            guard value.decimal != nil else {
                throw DraftError("the number of \(field) has more than 34 digits or an exponent beyond 99")
            }
        case .array(let elements):
            guard levels > 0 else { throw DraftError("\(field) is nested too deeply") }
            for element in elements { try check(element, of: field, levels: levels - 1) }
        case .object(let members):
            guard levels > 0 else { throw DraftError("\(field) is nested too deeply") }
            for member in members { try check(member.value, of: field, levels: levels - 1) }
        case .null, .bool, .string: return
        }
    }
}
