import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel

struct Days: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer whether every till has closed the day, and whether the totals agree.",
        discussion: Manual.page(
            """
            A till adds up its operations when it closes a day; head office adds up what it has merged. Both must agree. \
            A day that a till has passed over shows as not closed.
            """,
            examples: ["nightdrop days", "nightdrop days --through 2026-11-20 --json"], statuses: [.inputOutput]))

    @Option(
        help: ArgumentHelp("The last day to show, such as 2026-11-20; else the last one closed.", valueName: "date"))
    var through: Day?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.centralToRead(node, instead: "see nightdrop status")
        let days = try central.days(through: through?.text)
        if console.isJSON {
            for day in days { try console.out.json(day.json) }
        } else {
            if !days.isEmpty { try table(days, console.style).print(to: console) }
            try console.say(DaysAnswer.sentence(days))
        }
        try console.out.flush()
    }

    private func table(_ days: [DayStatus], _ style: Style) -> Table {
        var table = Table(["day", "till", "store", "closed", "received", "operations", "totals"], numbers: [5])
        for day in days {
            let agreement = day.agrees.map { $0 ? "agree" : "DIFFER: \(day.differences.joined(separator: "; "))" } ?? ""
            table.add([
                day.day, day.terminal.text, day.store.text, day.isClosed ? "yes" : "NO",
                day.isClosed ? Words.time(day.received) : "", day.isClosed ? String(day.operations) : "", agreement,
            ])
        }
        return table
    }
}

/// The one sentence that a clerk wants to read before closing the period.
enum DaysAnswer {
    static func sentence(_ days: [DayStatus]) -> String {
        guard let first = days.map(\.day).min(), let last = days.map(\.day).max() else {
            return "no till has closed a day yet"
        }
        let missing = days.filter { !$0.isClosed }
        let differing = days.filter { $0.agrees == false }
        if missing.isEmpty && differing.isEmpty {
            let tills = Set(days.map(\.terminal)).count
            let count = Set(days.map(\.day)).count
            let period = first == last ? first : "all \(count) business days from \(first) to \(last)"
            return tills == 1
                ? "the only till closed \(period) and its totals agree"
                : "all \(tills) tills closed \(period) and their totals agree"
        }
        var parts: [String] = []
        if !missing.isEmpty { parts.append("not closed: " + Words.list(missing.map(name))) }
        if !differing.isEmpty { parts.append("totals differ: " + Words.list(differing.map(name))) }
        return parts.joined(separator: "; ")
    }

    private static func name(_ day: DayStatus) -> String { "\(day.terminal) \(day.day)" }
}

extension DayStatus {
    fileprivate var json: JSONValue {
        [
            "day": .string(day), "terminal": .string(terminal.text), "store": .string(store.text),
            "closed": .bool(isClosed), "received": .time(received), "agrees": agrees.map { .bool($0) } ?? .null,
            "operations": .integer(operations), "totals": totals.json,
            "differences": .array(differences.map { .string($0) }),
        ]
    }
}
