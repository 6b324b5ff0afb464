import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel

struct Request: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask tills for a fresh exchange with their next return bundles.",
        discussion: Manual.page(
            """
            Every return bundle for the till says so until something new is heard of it. The till then writes a bundle \
            at its next exchange or export, also if it has nothing else to tell.
            """,
            examples: ["nightdrop request T07 T08", "nightdrop request --all"], statuses: [.notFound, .inputOutput]))

    @Argument(help: "Tills.")
    var terminals: [NodeID] = []
    @Flag(help: "Every till.")
    var all = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard all != !terminals.isEmpty else { throw ValidationError("Give either ID… or --all.") }
    }

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "a till writes a bundle with nightdrop export")
        let asked = try central.request(all ? nil : terminals)
        for terminal in asked where console.isJSON { try console.out.json(["terminal": .string(terminal.text)]) }
        if asked.isEmpty {
            try console.say("no till is enrolled")
        } else {
            try console.say(
                "asked \(Words.list(asked.map(\.text))) for a fresh exchange; the next return bundles say so")
        }
        try console.out.flush()
    }
}
