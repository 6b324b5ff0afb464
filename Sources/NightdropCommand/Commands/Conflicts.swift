import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore

struct Conflicts: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what two people changed differently, and decide it.",
        discussion: Manual.page(
            """
            Without --all only what waits for a person is shown. Both values stay on record, whatever was decided, and a \
            decision can be changed later.
            """,
            examples: [
                "nightdrop conflicts --all", "nightdrop conflicts show 12",
                "nightdrop conflicts resolve 12 --take incoming --by Anna",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain]),
        subcommands: [ConflictsList.self, ConflictsShow.self, ConflictsResolve.self],
        defaultSubcommand: ConflictsList.self)
}

struct ConflictsList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List conflicts.",
        discussion: Manual.page(
            "Lists what is open or reopened; with --all also what a rule or a person has decided.",
            examples: ["nightdrop conflicts", "nightdrop conflicts --all --json"], statuses: [.inputOutput]))

    @Flag(help: "Also those that are decided.")
    var all = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "see nightdrop notices")
        var table = Table(["no", "kind", "state", "record", "field", "base", "central", "incoming", "decided", "rule"])
        try central.conflicts(all: all) { row in
            if console.isJSON { return try console.out.json(row.json) }
            table.add([
                String(row.number), row.kind, row.state, row.record, row.field ?? "", row.plain(row.base),
                row.plain(row.central), row.plain(row.incoming), row.plain(row.decided), row.rule,
            ])
        }
        if !table.isEmpty {
            try table.print(to: console)
        } else {
            try console.say(all ? "there are no conflicts" : "no conflict waits for you")
        }
        try console.out.flush()
    }
}

struct ConflictsShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one conflict with everything that is known of it.",
        discussion: Manual.page(
            "Shows who set what and when, from which value both started, what was decided, and why.",
            examples: ["nightdrop conflicts show 12"], statuses: [.notFound, .inputOutput]))

    @Argument(help: "The conflict's number.")
    var number: Int64
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "see nightdrop notices")
        guard let row = try central.conflict(number) else {
            throw NightdropError(.notFound, "there is no conflict \(number); see nightdrop conflicts --all")
        }
        if console.isJSON {
            try console.out.json(row.wholeJSON)
        } else {
            try row.show(to: console)
        }
        try console.out.flush()
    }
}

struct ConflictsResolve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Decide a conflict, or decide it anew.",
        discussion: Manual.page(
            """
            The decision is a change like any other and travels to all tills with the next return bundles. It is refused \
            with 75 if the value is no longer the one that the conflict shows: look again, then decide.
            """,
            examples: [
                "nightdrop conflicts resolve 12 --take incoming --by Anna",
                "nightdrop conflicts resolve 12 --set 2.75",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain]))

    enum Side: String, ExpressibleByArgument, CaseIterable { case central, incoming, base }

    @Argument(help: "The conflict's number.")
    var number: Int64
    @Option(help: ArgumentHelp("Take one of the values that the conflict shows.", valueName: "side"))
    var take: Side?
    @Option(help: ArgumentHelp("Set another value, as JSON.", valueName: "json"))
    var set: JSONArgument?
    @Option(help: ArgumentHelp("Who decides.", valueName: "name"))
    var by: String?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (take == nil) != (set == nil) else {
            throw ValidationError("Give either --take central|incoming|base or --set JSON.")
        }
    }

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "head office decides")
        let recorded = try central.resolve(number, decision, by: by)
        if console.isJSON { try console.out.json(recorded.json) }
        if let row = try central.conflict(number) {
            let what = row.field.map { "\($0) is \(row.plain(row.decided))" } ?? row.plain(row.decided)
            try console.say("decided \(number): \(row.record): \(what)".visible)
        }
        try console.say("the tills learn it with their next return bundles")
        try console.out.flush()
    }

    private var decision: Central.Decision {
        if let set { return .value(set.value.compact) }
        return switch take {
        case .incoming: .incoming
        case .base: .base
        case .central, nil: .central
        }
    }
}
