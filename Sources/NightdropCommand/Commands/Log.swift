import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropStore

struct Log: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what head office did: merges, refusals, returns, decisions.",
        discussion: Manual.page(
            "Shows the last events, oldest first.",
            examples: ["nightdrop log", "nightdrop log --limit 1000 --json"], statuses: [.inputOutput]))

    @Option(help: ArgumentHelp("How many events.", valueName: "n"))
    var limit = 100
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "see nightdrop status and nightdrop notices")
        let events = try Array(central.events(limit: limit).reversed())
        if console.isJSON {
            for event in events { try console.out.json(event.json) }
        } else {
            var table = Table(["at", "what", "node", "bundle", "details"])
            for event in events {
                table.add([
                    Words.time(event.time), event.kind, event.node ?? "", event.bundle ?? "", event.words,
                ])
            }
            if table.isEmpty { try console.say("nothing has happened yet") } else { try table.print(to: console) }
        }
        try console.out.flush()
    }
}

extension EventRow {
    fileprivate var json: JSONValue {
        [
            "at": .time(time), "kind": .string(kind), "node": .optional(node), "bundle": .optional(bundle),
            "details": details,
        ]
    }

    fileprivate var words: String {
        guard let members = details.members else { return details.compact }
        return members.map { "\($0.name) \($0.value.plain)" }.joined(separator: ", ")
    }
}
