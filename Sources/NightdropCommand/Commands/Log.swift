import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore

struct Log: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happened at head office: operations, merges, refusals, returns, decisions.",
        discussion: Manual.page(
            """
            Shows the last of what happened, oldest first: the operations that were merged, and the events. Of one entity \
            or of one terminal only, if so asked. Each operation is shown with the values before and after, and what became of \
            it; but for records that had very many, whose changes nightdrop history shows.
            """,
            examples: [
                "nightdrop log", "nightdrop log --events --limit 1000 --json", "nightdrop log --entity product",
                "nightdrop log --terminal T07 --since 2026-11-20",
            ],
            statuses: [.inputOutput]))

    @Option(help: ArgumentHelp("How many, the latest.", valueName: "n"))
    var limit = 100
    @Option(help: ArgumentHelp("From this time on, by head office's clock.", valueName: "time"))
    var since: Since?
    @Option(help: ArgumentHelp("Only operations on this entity.", valueName: "name"))
    var entity: String?
    @Option(help: ArgumentHelp("Only what this terminal did or was sent.", valueName: "id"))
    var terminal: NodeID?
    @Flag(help: "Only events, no operations.")
    var events = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is at least 1") }
        guard !events || entity == nil else { throw ValidationError("events are not about one entity") }
    }

    func run() throws {
        let console = Console(output)
        let central = try Node.centralToRead(node, instead: "see nightdrop status and nightdrop notices")
        var filter = LogFilter()
        filter.since = since?.time
        filter.entity = entity
        filter.node = terminal?.text
        filter.changes = !events
        var isEmpty = true
        try central.log(filter, limit: limit) { entry in
            isEmpty = false
            if console.isJSON { try console.out.json(entry.json) } else { try console.out.line(entry.sentence.visible) }
        }
        if isEmpty { try console.say("nothing has happened yet") }
        try console.out.flush()
    }
}

/// A time from which on something is wanted; a date means its beginning.
struct Since: ExpressibleByArgument {
    let time: Int64

    init?(argument: String) {
        guard let time = Moment.time(argument, endOfDay: false) else { return nil }
        self.time = time
    }
}

extension LogEntry {
    fileprivate var json: JSONValue {
        switch self {
        case .event(let event):
            return [
                "at": .time(event.time), "kind": .string(event.kind), "node": .optional(event.node),
                "bundle": .optional(event.bundle), "details": event.details,
            ]
        case .change(let change):
            let about: [JSONValue.Member] = [
                .init("kind", "change"), .init("entity", .string(change.entity)), .init("id", .string(change.id)),
                .init("store", .optional(change.store)),
            ]
            let told: [JSONValue.Member] = [
                .init("outcome", .null), .init("conflict", .optional(change.entry.conflict)), .init("fields", .null),
            ]
            return .object(about + change.entry.members + (change.isTold ? change.entry.told : told))
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .event(let event):
            let words = [event.kind, event.node ?? "", event.bundle ?? "", event.words].filter { !$0.isEmpty }
            return "\(Words.time(event.time))  \(words.joined(separator: "  "))"
        case .change(let change):
            let entry = change.entry
            let who = entry.by.map { "\(entry.node) (\($0))" } ?? entry.node
            let what = "\(entry.action.name) \(change.entity) \(change.id)\(change.store.map { " of \($0)" } ?? "")"
            let conflict = entry.conflict.map { ", conflict \($0)" } ?? ""
            let text = change.isTold ? entry.what : entry.said
            let said = text.isEmpty ? "" : ": \(text)"
            let become = change.isTold ? ", \(entry.become)" : conflict
            return "\(Words.time(entry.merged))  change \(entry.csn)  \(who) \(entry.seq)  \(what)\(said)\(become)"
        }
    }
}

extension EventRow {
    fileprivate var words: String {
        guard let members = details.members else { return details.compact }
        return members.map { "\($0.name) \($0.value.plain)" }.joined(separator: ", ")
    }
}
