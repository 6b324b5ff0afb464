import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore

struct Terminals: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show every till: when it was last heard of, how far it is, what it still has to send.",
        discussion: Manual.page(
            "What is shown is what the till's last bundle told.",
            examples: ["nightdrop terminals", "nightdrop terminals --json"], statuses: [.inputOutput]))

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "see nightdrop status")
        var table = Table(
            ["till", "store", "last heard of", "has changes up to", "to send", "clock", "program"], numbers: [3, 4])
        for row in try central.terminals() {
            if console.isJSON {
                try console.out.json(row.json)
            } else {
                table.add([
                    row.node.text, row.store.text, Words.time(row.seen), row.cursor.map { String($0.csn) } ?? "none",
                    String(row.pending), row.clock, row.software,
                ])
            }
        }
        if !console.isJSON {
            if table.isEmpty { try console.say("no till is enrolled") } else { try table.print(to: console) }
        }
        try console.out.flush()
    }
}

extension TerminalRow {
    fileprivate var json: JSONValue {
        [
            "terminal": .string(node.text), "store": .string(store.text), "journal": .string(journal.text),
            "enrolled": .time(enrolled), "seen": .time(seen > 0 ? seen : nil), "cursor": .optional(cursor?.csn),
            "pending": .integer(pending), "software": .string(software), "clockAhead": .integer(clockAhead),
        ]
    }

    /// How far the clock is off, where it is more than a few seconds ahead.
    fileprivate var clock: String {
        guard seen > 0 else { return "" }
        let seconds = clockAhead / 1000
        return seconds > 5 ? "\(seconds) s ahead" : "right"
    }
}
