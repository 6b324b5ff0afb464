import ArgumentParser
import Nightdrop
import NightdropModel

struct Return: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write return bundles for tills.",
        discussion: Manual.page(
            """
            A return bundle brings a till up to date: what changed since the till last told how far it is, receipts, \
            notices and the policy. It is written also where there is nothing new.
            """,
            examples: [
                "nightdrop return --all --to /srv/exchange",
                "nightdrop return --terminal T07 --terminal T08 --to /media/stick",
            ],
            statuses: [.refused, .notFound, .cannotCreate, .inputOutput]))

    @Option(name: .customLong("terminal"), help: ArgumentHelp("A till; may be given several times.", valueName: "id"))
    var terminals: [NodeID] = []
    @Flag(help: "Every till.")
    var all = false
    @Option(
        name: .customLong("to"), help: ArgumentHelp("Where to write, as DIR/to/TILL/.", valueName: "dir"),
        completion: .directory)
    var exchange: String
    @Option(
        help: ArgumentHelp("Split into parts of at most this many bytes; K, M and G are understood.", valueName: "n"))
    var maxSize: ByteCount?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard all != !terminals.isEmpty else { throw ValidationError("Give either --terminal ID… or --all.") }
    }

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "use nightdrop export")
        try GivenPaths.check([exchange])
        for answer in try central.writeReturns(all ? nil : terminals, to: exchange, maxSize: maxSize?.bytes) {
            if console.isJSON { try console.out.json(answer.json) }
            try console.say("answer for \(answer.terminal): \(answer.file)")
        }
        try console.out.flush()
    }
}
