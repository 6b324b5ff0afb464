import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore

/// A conflict with everything that is known of it: the three values, what stands now, and the decisions.
struct ConflictView {
    private let row: ConflictRow
    private let present: PresentValue?
    private let decisions: [ConflictDecision]

    init(_ central: Central, _ row: ConflictRow, reveals: Bool) throws {
        var present = try central.present(row)
        var decisions = try central.decisions(row)
        let shown = reveals ? row : central.hidingSensitive(row)
        if !reveals {
            let policy = central.policy.entity(row.entity)
            if row.field.map(policy.isSensitive) == true {
                let isStill = present?.value == row.decided ?? row.central
                present?.value = (isStill ? shown.decided ?? shown.central : nil) ?? Hidden.other
            }
            decisions = decisions.map { $0.hidingSensitive(policy) }
        }
        self.row = shown
        self.present = present
        self.decisions = decisions
    }

    var json: JSONValue {
        .object(
            (row.wholeJSON.members ?? []) + [
                .init("present", JSONValue(json: present?.value)),
                .init("decisions", .array(decisions.map(\.json))),
            ])
    }

    func show(to console: Console) throws {
        try console.out.line(console.style.bold("conflict \(row.number)"))
        try show(
            [("record", row.record), ("kind", row.kind)] + (row.field.map { [("field", $0)] } ?? []), to: console)
        try show(values, to: console)
        var outcome = [("rule", row.rule)]
        if let reason = row.reason { outcome.append(("because", reason)) }
        if let decided = row.decided { outcome.append(("decided", row.plain(decided))) }
        if let present, present.value != row.decided ?? row.central {
            outcome.append(
                ("now", "\(row.plain(present.value)), by \(present.node ?? "?") at \(Words.time(present.time))"))
        }
        outcome.append(("state", row.state))
        try show(outcome, to: console)
        for decision in decisions {
            try show([("\(decision.revision).", decision.words)], to: console)
        }
        if row.state != StateOfConflict.decided.rawValue { try console.say(advice) }
    }

    private var values: [(String, String)] {
        var lines: [(String, String)] = []
        if row.base != nil { lines.append(("base", "\(row.plain(row.base)), from which both started")) }
        if row.centralNode == nil, row.central != nil {
            lines.append(("central", row.plain(row.central)))
        } else if row.central != nil {
            lines.append(
                ("central", "\(row.plain(row.central)), by \(row.centralNode ?? "?") at \(Words.time(row.centralTime))")
            )
        }
        let operatorName = row.by.map { " (\($0))" } ?? ""
        lines.append(
            (
                "incoming",
                "\(row.shortIncoming), by \(row.node)\(operatorName) at \(Words.time(row.time)), operation \(row.seq)"
            ))
        return lines
    }

    private var advice: String {
        row.heldOperation != nil
            ? "apply it with: nightdrop conflicts apply \(row.number) [--set JSON]; "
                + "drop it with: nightdrop conflicts resolve \(row.number) --take central"
            : "decide it with: nightdrop conflicts resolve \(row.number) \(choices)"
    }

    private var choices: String {
        let sides = [
            ("central", row.central != nil || row.isOversell), ("incoming", row.incoming != nil),
            ("base", row.base != nil && row.field != nil),
        ].filter(\.1).map(\.0)
        return sides.isEmpty ? "--set JSON" : "--take \(sides.joined(separator: "|")), or --set JSON"
    }

    private func show(_ lines: [(String, String)], to console: Console) throws {
        for (name, text) in lines {
            let space = String(repeating: " ", count: max(10 - name.count, 1))
            try console.out.line("  \(name)\(space)\(text.visible)")
        }
    }
}

extension ConflictDecision {
    fileprivate var json: JSONValue {
        [
            "revision": .integer(revision), "seq": .integer(seq), "at": .time(at), "by": .optional(by),
            "id": .string(id),
            "action": .string(action.name), "set": JSONValue(set), "add": JSONValue(add),
        ]
    }

    fileprivate var words: String {
        var what = "\(action.name) \(id)"
        if !set.isEmpty { what += " " + JSONValue(set).compact }
        if !add.isEmpty { what += " add " + JSONValue(add).compact }
        if !changes && action != .delete { what = "left as it is" }
        return "\(by ?? "head office") at \(Words.time(at)): \(what), operation \(seq) of head office"
    }
}
