import ArgumentParser
import Glibc
import Nightdrop
import NightdropFormats
import NightdropModel

struct Enroll: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take tills in: show each key's fingerprint, write each a grant.",
        discussion: Manual.page(
            """
            Compare the fingerprint with the one that the till showed when it was made: whoever holds that key may send \
            data in the till's name. Without --yes you are asked for each.
            """,
            examples: [
                "nightdrop enroll -C HQ T07.nightdrop-request --to /media/stick",
                "nightdrop enroll -C HQ requests/*.nightdrop-request --yes --to /srv/exchange",
            ],
            statuses: [.refused, .notFound, .cannotCreate, .inputOutput]))

    @Argument(help: "Requests of tills.", completion: .file())
    var requests: [String]
    @Flag(help: "Do not ask.")
    var yes = false
    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("Where to write the grants, as DIR/to/TILL/; else into the outbox.", valueName: "dir"),
        completion: .directory)
    var exchange: String?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "enroll the till there")
        try GivenPaths.check(requests)
        for path in requests {
            let request = try central.inspect(request: path)
            console.note("till \(request.node) of store \(request.store), key \(request.key.fingerprint)")
            guard try yes || isConfirmed() else {
                console.note("not enrolled")
                continue
            }
            let (terminal, grant) = try central.enroll(path, to: exchange)
            if console.isJSON { try console.out.json(["terminal": .string(terminal.text), "grant": .string(grant)]) }
            try console.say("enrolled \(terminal); its grant is \(grant)")
            try console.out.flush()
        }
    }

    private func isConfirmed() throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else {
            throw NightdropError(.usage, "nobody is there to confirm the fingerprint; compare it and give --yes")
        }
        // A question belongs to the conversation, even where notes are not wanted.
        Console.error("Is this the till's fingerprint? [y/N]")
        return readLine()?.lowercased().hasPrefix("y") ?? false
    }
}
