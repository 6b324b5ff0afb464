import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore

struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show who changed a record, when, how, and what became of it; newest first.",
        discussion: Manual.page(
            """
            Every operation that head office has merged is kept, with the journal and the number it came under. For each, \
            the values before and after are found by merging the record's operations again. A change was applied; won or \
            lost against one that its author had not seen, or was merged with it by a program; converged with what was there; waits for a person; or was \
            held back. With --at, the record is shown as it was after a change, or at a time by head office's clock \
            (a date means its end).
            """,
            examples: [
                "nightdrop history product 85123A", "nightdrop history table 4 --store S1 --json",
                "nightdrop history product 85123A --at 2026-11-20", "nightdrop history product 85123A --at 345",
            ],
            statuses: [.refused, .inputOutput]))

    @Argument(help: "The entity, such as product.")
    var entity: String
    @Argument(help: "The record's id.")
    var id: String
    @Option(help: ArgumentHelp("The store of the record, where its entity is per store.", valueName: "id"))
    var store: String?
    @Option(help: ArgumentHelp("Show the record as it was at a time or after a change.", valueName: "time|csn"))
    var at: Moment?
    @Option(help: ArgumentHelp("How many changes, the latest.", valueName: "n"))
    var limit = 1000
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is at least 1") }
    }

    /// What came in about a record that head office does not know is kept as conflicts.
    private func pointToWhatWaits(_ central: Central, _ console: Console) throws {
        var waiting: [String] = []
        try central.conflicts(ConflictFilter(all: true, entity: entity)) { row in
            if row.id == id, store == nil || row.store == store { waiting.append(String(row.number)) }
        }
        guard let first = waiting.first else { return }
        let number = waiting.count == 1 ? "conflict" : "conflicts"
        try console.say(
            "what came in about it was not applied: see \(number) \(Words.list(waiting)), "
                + "nightdrop conflicts show \(first)")
    }

    func run() throws {
        let console = Console(output)
        let central = try Node.centralToRead(node, instead: "head office keeps the history")
        guard store != nil || central.policy.entity(entity).scope != .store else {
            throw NightdropError(.usage, "each \(entity) belongs to a store: say which with --store")
        }
        if let at { try show(at, central, console) } else { try list(central, console) }
        try console.out.flush()
    }

    private func list(_ central: Central, _ console: Console) throws {
        let history = try central.history(entity, id, store: store, limit: limit)
        if console.isJSON {
            for entry in history.entries { try console.out.json(entry.json(history)) }
        } else if history.entries.isEmpty {
            try console.say("nothing is known of \(entity) \(id)".visible)
            try pointToWhatWaits(central, console)
        } else {
            var table = Table(
                ["change", "at", "node", "seq", "by", "action", "what", "outcome", "bundle"], numbers: [0, 3])
            for entry in history.entries {
                table.add([
                    String(entry.csn), Words.time(entry.at), entry.node, String(entry.seq), entry.by ?? "",
                    entry.action.name, entry.what, entry.become, entry.bundle ?? "",
                ])
            }
            try table.print(to: console)
        }
        if history.earlier > 0 { console.note("\(Words.count(history.earlier, "earlier change")) not shown") }
        if !history.undecidable.isEmpty || history.isLifeUndecidable {
            let what = history.undecidable + (history.isLifeUndecidable ? ["whether it lives"] : [])
            console.note(
                "what decided was not kept, so only what was recorded is shown: \(Words.list(what))".visible)
        }
    }

    private func show(_ moment: Moment, _ central: Central, _ console: Console) throws {
        let csn =
            switch moment {
            case .change(let csn): csn
            case .time(let time): try central.lastChange(at: time)
            }
        guard let past = try central.record(entity, id, store: store, at: csn) else {
            return try console.say("there was no \(entity) \(id) after change \(csn)".visible)
        }
        if console.isJSON {
            var members: [JSONValue.Member] = [.init("entity", .string(entity)), .init("id", .string(id))]
            if let store { members.append(.init("store", .string(store))) }
            members.append(.init("csn", .integer(past.csn)))
            members.append(.init("lives", .bool(past.lives)))
            members.append(.init("fields", JSONValue(past.fields)))
            members.append(.init("undecidable", .array(past.undecidable.map { .string($0) })))
            try console.out.json(.object(members))
        } else {
            try console.say("\(entity) \(id) after change \(past.csn)\(past.lives ? "" : ", deleted")".visible)
            for field in past.fields { try console.say("  \(field.name) = \(field.value.plain)".visible) }
        }
        if !past.undecidable.isEmpty {
            console.note("what decided was not kept, so not shown: \(Words.list(past.undecidable))".visible)
        }
    }
}

/// A moment of the store: a change, or a time.
enum Moment: ExpressibleByArgument {
    case change(Int64)
    case time(Int64)

    init?(argument: String) {
        if let csn = Int64(argument), csn >= 0 {
            self = .change(csn)
        } else if let time = Moment.time(argument, endOfDay: true) {
            self = .time(time)
        } else {
            return nil
        }
    }

    /// `2026-11-20`, `2026-11-20T18:00Z`, `2026-11-20T18:00:00Z` or with milliseconds, in UTC.
    static func time(_ text: String, endOfDay: Bool) -> Int64? {
        if Timestamp.isDate(text) {
            return Timestamp.milliseconds(text + (endOfDay ? "T23:59:59.999Z" : "T00:00:00.000Z"))
        }
        let bare = text.hasSuffix("Z") ? String(text.dropLast()) : text
        return [text, bare + "Z", bare + ".000Z", bare + ":00.000Z"].lazy.compactMap { Timestamp.milliseconds($0) }
            .first
    }
}

extension HistoryEntry {
    fileprivate func json(_ history: RecordHistory) -> JSONValue {
        var members = self.members
        members += told
        let lives: JSONValue = ["before": .optional(livedBefore), "after": .optional(livedAfter)]
        members.append(.init("lives", history.isLifeUndecidable ? .null : lives))
        members.append(.init("undecidable", .array(history.undecidable.map { .string($0) })))
        return .object(members)
    }

    /// What became of it, as the history and the log show it.
    var told: [JSONValue.Member] {
        [
            .init("outcome", .string(outcome.rawValue)), .init("conflict", .optional(conflict)),
            .init("fields", .array(fields.map(\.json))),
        ]
    }

    /// What the operation says, as the history and the log show it.
    var members: [JSONValue.Member] {
        [
            .init("csn", .integer(csn)), .init("node", .string(node)), .init("journal", .string(journal.text)),
            .init("seq", .integer(seq)), .init("at", .time(at)), .init("merged", .time(merged)),
            .init("bundle", .optional(bundle)), .init("by", .optional(by)), .init("action", .string(action.name)),
            .init("set", JSONValue(set)), .init("was", JSONValue(was)), .init("add", JSONValue(add)),
        ]
    }

    /// What the operation says: values set, each with the one before as the till knew it, and increments.
    var said: String {
        let changes = set.map { field in
            let before = was.first { $0.name == field.name }.map { " (was \($0.value.plain))" } ?? ""
            return "\(field.name) = \(field.value.plain)\(before)"
        }
        return (changes + add.map(\.increment)).joined(separator: ", ")
    }

    /// What the operation says, and what head office had before and after, where that is something else.
    var what: String {
        let changes = set.map { field in
            let said = "\(field.name) = \(field.value.plain)"
            guard let change = fields.first(where: { $0.name == field.name }) else { return said }
            return said + change.words(said: field.value)
        }
        let increments = add.map { field in
            guard let change = fields.first(where: { $0.name == field.name }) else { return field.increment }
            return "\(field.increment) (\(change.before?.plain ?? "nothing") to \(change.after?.plain ?? "nothing"))"
        }
        return (changes + increments).joined(separator: ", ")
    }

    /// What became of it, with the conflicts about it.
    var become: String {
        let numbers = ([conflict] + fields.map(\.conflict)).compactMap(\.self)
        guard !numbers.isEmpty else { return outcome.rawValue }
        return "\(outcome.rawValue) (conflict \(Set(numbers).sorted().map(String.init).joined(separator: ", ")))"
    }
}

extension Field {
    fileprivate var increment: String { "\(name) \(value.json.hasPrefix("-") ? "" : "+")\(value.json)" }
}

extension FieldChange {
    fileprivate var json: JSONValue {
        [
            "field": .string(name), "before": before.map { JSONValue($0) } ?? .null,
            "after": after.map { JSONValue($0) } ?? .null, "outcome": .string(outcome.rawValue),
            "conflict": .optional(conflict),
        ]
    }

    fileprivate func words(said: FieldValue) -> String {
        let before = before.map { "was \($0.plain)" } ?? ""
        let after = after == said ? "" : "stays \(after?.plain ?? "nothing")"
        let words = [before, after].filter { !$0.isEmpty }
        return words.isEmpty ? "" : " (\(words.joined(separator: ", ")))"
    }
}

extension JSONValue {
    /// A truth value, or `null`.
    fileprivate static func optional(_ value: Bool?) -> JSONValue { value.map { .bool($0) } ?? .null }
}
