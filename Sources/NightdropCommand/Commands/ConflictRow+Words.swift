import NightdropFormats
import NightdropModel
import NightdropStore

extension ConflictRow {
    /// The record for people: `product 85123A`.
    var record: String { store.isEmpty ? "\(entity) \(id)" : "\(entity) \(id) of store \(store)" }

    /// A value for people.
    func plain(_ json: String?) -> String { json.map { JSONValue(json: $0).plain } ?? "" }

    /// As lists print it.
    var json: JSONValue { .object(members) }

    /// With everything that is known.
    var wholeJSON: JSONValue {
        .object(
            members + [
                .init("store", .optional(store.isEmpty ? nil : store)), .init("node", .string(node)),
                .init("by", .optional(by)), .init("at", .time(time)), .init("seq", .integer(seq)),
                .init("csn", .integer(csn)), .init("centralNode", .optional(centralNode)),
                .init("centralAt", .time(centralTime)), .init("decidedBy", .optional(decidedBy)),
                .init("decidedAt", .time(decidedAt)), .init("reason", .optional(reason)),
                .init("revision", .integer(revision)),
            ])
    }

    private var members: [JSONValue.Member] {
        [
            .init("conflict", .integer(number)), .init("kind", .string(kind)), .init("entity", .string(entity)),
            .init("id", .string(id)), .init("field", .optional(field)), .init("base", JSONValue(json: base)),
            .init("central", JSONValue(json: central)), .init("incoming", JSONValue(json: incoming)),
            .init("rule", .string(rule)), .init("decided", JSONValue(json: decided)), .init("state", .string(state)),
        ]
    }

    /// Prints everything that is known, a line each.
    func show(to console: Console) throws {
        var lines = [("record", record), ("kind", kind)]
        if let field { lines.append(("field", field)) }
        if base != nil { lines.append(("base", "\(plain(base)), from which both started")) }
        if central != nil || centralNode != nil {
            lines.append(("central", "\(plain(central)), by \(centralNode ?? "?") at \(Words.time(centralTime))"))
        }
        let operatorName = by.map { " (\($0))" } ?? ""
        lines.append(
            ("incoming", "\(plain(incoming)), by \(node)\(operatorName) at \(Words.time(time)), operation \(seq)"))
        lines.append(("rule", rule))
        if let reason { lines.append(("because", reason)) }
        if decided != nil { lines.append(("decided", plain(decided))) }
        if let decidedAt { lines.append(("by", "\(decidedBy ?? "head office") at \(Words.time(decidedAt))")) }
        lines.append(("state", state))
        try console.out.line(console.style.bold("conflict \(number)"))
        for (name, text) in lines {
            let space = String(repeating: " ", count: 10 - name.count)
            try console.out.line("  \(name)\(space)\(text.visible)")
        }
        if state != "decided" {
            try console.say("decide it with: nightdrop conflicts resolve \(number) --take central|incoming|base")
        }
    }
}
