import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore

struct Terminals: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show every till: when it was last heard of, how far it is, what it still has to send.",
        discussion: Manual.page(
            "What is shown is what the till's last bundle told, or why head office refused it.",
            examples: ["nightdrop terminals", "nightdrop terminals --json"], statuses: [.inputOutput]))

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.centralToRead(node, instead: "see nightdrop status")
        var table = Table(
            ["till", "store", "last heard of", "has changes up to", "to send", "clock", "program", "attention"],
            numbers: [3, 4])
        let status = try central.status()
        let alerts = Dictionary(grouping: status.alerts, by: \.terminal)
        for row in try central.terminals() {
            if console.isJSON {
                try console.out.json(row.json(alerts[row.node] ?? []))
            } else {
                table.add([
                    row.node.text, row.store.text, Words.time(row.seen), row.cursor.map { String($0.csn) } ?? "none",
                    String(row.pending), row.clockWords, row.software,
                    (alerts[row.node] ?? []).map(\.kind.rawValue).joined(separator: ", "),
                ])
            }
        }
        if !console.isJSON {
            if table.isEmpty { try console.say("no till is enrolled") } else { try table.print(to: console) }
            for alert in status.alerts where alert.kind == .refused {
                try console.say(console.style.bad(alert.text.visible))
            }
        }
        try console.out.flush()
    }
}

extension TerminalRow {
    fileprivate func json(_ alerts: [Alert]) -> JSONValue {
        [
            "terminal": .string(node.text), "store": .string(store.text), "journal": .string(journal.text),
            "enrolled": .time(enrolled), "seen": .time(seen > 0 ? seen : nil), "cursor": .optional(cursor?.csn),
            "pending": .integer(pending), "software": .string(software),
            "receives": Coverage.json(of: subscription),
            "clock": clock.map {
                ["estimate": .integer($0.estimate), "atLeast": .integer($0.atLeast), "atMost": .optional($0.atMost)]
            } ?? .null,
            "refused": refused.map {
                ["at": .time($0.at), "bundle": .string($0.bundle), "reason": .string($0.reason)]
            } ?? .null,
            "alerts": .array(alerts.map(\.json)),
        ]
    }

    /// How far the clock is off, where it is for sure more than a few seconds.
    fileprivate var clockWords: String {
        guard let clock else { return "" }
        let seconds = clock.estimate.magnitude / 1000
        guard seconds > 5 else { return "right" }
        let amount =
            seconds < 120 ? "\(seconds) s" : seconds < 7200 ? "\(seconds / 60) min" : "\(seconds / 3600) h"
        return "\(amount) \(clock.estimate > 0 ? "ahead" : "behind")"
    }
}
