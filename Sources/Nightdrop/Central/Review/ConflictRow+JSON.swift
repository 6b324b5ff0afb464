import NightdropFormats
import NightdropModel
import NightdropStore

extension ConflictRow {
    /// As lists show it.
    public var json: JSONValue { .object(members) }

    /// With everything that is known.
    public var wholeJSON: JSONValue { .object(members + furtherMembers) }

    private var members: [JSONValue.Member] {
        [
            .init("conflict", .integer(number)), .init("kind", .string(kind)), .init("entity", .string(entity)),
            .init("id", .string(id)), .init("field", .optional(field)), .init("base", value(base)),
            .init("central", value(central)), .init("incoming", value(incoming)), .init("rule", .string(rule)),
            .init("decided", value(decided)), .init("state", .string(state)),
        ]
    }

    private var furtherMembers: [JSONValue.Member] {
        [
            .init("store", .optional(store.isEmpty ? nil : store)), .init("node", .string(node)),
            .init("by", .optional(by)), .init("at", at(time)), .init("seq", .integer(seq)),
            .init("csn", .integer(csn)), .init("centralNode", .optional(centralNode)),
            .init("centralAt", at(centralTime)), .init("decidedBy", .optional(decidedBy)),
            .init("decidedAt", at(decidedAt)), .init("reason", .optional(reason)),
            .init("revision", .integer(revision)),
        ]
    }

    /// Values were checked when they came in.
    private func value(_ json: String?) -> JSONValue {
        json.map { (try? JSONValue.parse($0)) ?? .string($0) } ?? .null
    }

    private func at(_ milliseconds: Int64?) -> JSONValue {
        .optional(milliseconds.map { Timestamp.text(milliseconds: $0) })
    }
}
