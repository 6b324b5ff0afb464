import ArgumentParser
import Glibc
import Nightdrop
import NightdropFormats
import NightdropModel

struct Undo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take back what a merged bundle brought.",
        discussion: Manual.page(
            """
            Records in head office's own journal what undoes the operations that the bundle was the first to bring: what \
            was made is deleted, what was deleted is made again, fields get back their values, counters the opposite of \
            what was added. What others have changed since stays, and is listed. The bundle stays known: merging it again \
            changes nothing. All tills learn of it with their next return bundles; a till keeps the facts that it \
            recorded itself, such as sales, and gets a notice.

            An undo has a name, and can be undone itself: that brings everything back.
            """,
            examples: [
                "nightdrop undo share/to/HQ/T07-*-000000001042.nightdrop.tar --dry-run",
                "nightdrop undo undo-000001 --by Clara --yes",
            ],
            statuses: [.notFound, .inputOutput, .tryAgain]))

    @Argument(help: "The bundle, by its file name or path, or an undo, by its name.", completion: .file())
    var name: String
    @Option(help: ArgumentHelp("Who asks for it; else your login name.", valueName: "name"))
    var by: String?
    @Flag(help: "Only show what would be done.")
    var dryRun = false
    @Flag(help: "Do not ask.")
    var yes = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "head office undoes what it has merged")
        let author = by ?? Undo.loginName
        let planned = try central.undo(name, by: author, dryRun: true)
        guard planned.alreadyUndoneBy == nil, planned.operations > 0, !dryRun else {
            return try print(planned, isPlan: true, console)
        }
        if !yes {
            for line in planned.sentences(isPlan: true) { console.note(line.visible) }
            guard try isConfirmed() else { return console.note("nothing was undone") }
        }
        try print(try central.undo(name, by: author), isPlan: false, console)
    }

    private func print(_ report: UndoReport, isPlan: Bool, _ console: Console) throws {
        if console.isJSON {
            try console.out.json(report.json(isPlan: isPlan))
        } else {
            for line in report.sentences(isPlan: isPlan) { try console.say(line.visible) }
        }
        try console.out.flush()
    }

    private func isConfirmed() throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else {
            throw NightdropError(.usage, "nobody is there to confirm it; look at --dry-run and give --yes")
        }
        // A question belongs to the conversation, even where notes are not wanted.
        Console.error("Undo it? [y/N]")
        return readLine()?.lowercased().hasPrefix("y") ?? false
    }

    private static var loginName: String {
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "head office" }
        return String(cString: name)
    }
}

extension UndoReport {
    fileprivate func json(isPlan: Bool) -> JSONValue {
        [
            "undo": .optional(name), "bundle": .string(bundle), "undid": .optional(undid),
            "alreadyUndoneBy": .optional(alreadyUndoneBy), "dryRun": .bool(isPlan), "operations": .integer(operations),
            "deleted": .integer(deleted), "revived": .integer(revived), "fields": .integer(fields),
            "counters": .integer(counters), "keptCount": .integer(keptCount),
            "kept": .array(
                kept.map { kept in
                    [
                        "entity": .string(kept.entity), "store": .optional(kept.store), "id": .string(kept.id),
                        "field": .optional(kept.field), "reason": .string(kept.reason),
                    ]
                }),
            "facts": .array(
                facts.sorted { $0.key.text < $1.key.text }.map { node, facts in
                    ["terminal": .string(node.text), "count": .integer(facts.count)]
                }),
        ]
    }

    fileprivate func sentences(isPlan: Bool) -> [String] {
        if let alreadyUndoneBy {
            return [
                "\(undid ?? bundle) was already undone by \(alreadyUndoneBy); nightdrop undo \(alreadyUndoneBy) brings it back"
            ]
        }
        guard operations > 0 else { return ["there is nothing to undo"] + keptSentences(isPlan) }
        let what = [
            deleted > 0 ? "\(Words.count(deleted, "record")) deleted" : "",
            revived > 0 ? "\(Words.count(revived, "record")) made again" : "",
            fields > 0 ? "\(Words.count(fields, "field")) set back" : "",
            counters > 0 ? "\(Words.count(counters, "counter")) corrected" : "",
        ].filter { !$0.isEmpty }
        let head = name.map { "\($0): undid \(undid ?? bundle)" } ?? "undoing \(undid ?? bundle)"
        var lines = ["\(head): \(Words.list(what)), in \(Words.count(operations, "operation")) of head office"]
        lines += keptSentences(isPlan)
        for (node, facts) in facts.sorted(by: { $0.key.text < $1.key.text }) {
            lines.append("\(node) keeps its own \(Words.count(facts.count, "fact")), and gets a notice")
        }
        if let name {
            lines.append("nightdrop undo \(name) brings it back; the tills learn it with their next return bundles")
        }
        return lines
    }

    private func keptSentences(_ isPlan: Bool) -> [String] {
        var lines = kept.map { kept in
            let shop = kept.store.map { " of \($0)" } ?? ""
            let field = kept.field.map { ", \($0)" } ?? ""
            return "\(isPlan ? "stays" : "stayed"): \(kept.entity) \(kept.id)\(shop)\(field): \(kept.reason)"
        }
        if keptCount > Int64(kept.count) { lines.append("and \(keptCount - Int64(kept.count)) more") }
        return lines
    }
}
