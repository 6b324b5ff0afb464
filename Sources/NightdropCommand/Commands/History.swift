import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel

struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show who changed a record, when, and how; newest first.",
        discussion: Manual.page(
            "Every change that head office has merged is kept, with the journal and the number it came under.",
            examples: ["nightdrop history product 85123A", "nightdrop history table 4 --store S1 --json"],
            statuses: [.inputOutput]))

    @Argument(help: "The entity, such as product.")
    var entity: String
    @Argument(help: "The record's id.")
    var id: String
    @Option(help: ArgumentHelp("The store of the record, where its entity is per store.", valueName: "id"))
    var store: String?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "head office keeps the history")
        let entries = try central.history(entity, id, store: store)
        if console.isJSON {
            for entry in entries { try console.out.json(entry.json) }
        } else if entries.isEmpty {
            try console.say("nothing is known of \(entity) \(id)".visible)
        } else {
            var table = Table(["change", "at", "node", "seq", "by", "action", "what"], numbers: [0, 3])
            for entry in entries {
                table.add([
                    String(entry.csn), Words.time(entry.at), entry.node, String(entry.seq), entry.by ?? "",
                    entry.action.name, entry.what,
                ])
            }
            try table.print(to: console)
        }
        try console.out.flush()
    }
}

extension HistoryEntry {
    fileprivate var json: JSONValue {
        [
            "csn": .integer(csn), "node": .string(node), "journal": .string(journal.text), "seq": .integer(seq),
            "at": .time(at), "by": .optional(by), "action": .string(action.name), "set": JSONValue(set),
            "was": JSONValue(was), "add": JSONValue(add),
        ]
    }

    fileprivate var what: String {
        let changes = set.map { field in
            let before = was.first { $0.name == field.name }.map { " (was \($0.value.plain))" } ?? ""
            return "\(field.name) = \(field.value.plain)\(before)"
        }
        let increments = add.map { field in
            "\(field.name) \(field.value.json.hasPrefix("-") ? "" : "+")\(field.value.json)"
        }
        return (changes + increments).joined(separator: ", ")
    }
}
