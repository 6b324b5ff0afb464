import ArgumentParser
import Nightdrop
import NightdropStore

struct Conflicts: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what two people changed differently, and decide it.",
        discussion: Manual.page(
            """
            Without --all only what waits for a person is shown. Both values stay on record, whatever was decided, and a \
            decision can be changed later. What could not be applied at all waits here too, whole.
            """,
            examples: [
                "nightdrop conflicts --all", "nightdrop conflicts --terminal T07 --entity product",
                "nightdrop conflicts show 12", "nightdrop conflicts resolve 12 --take incoming",
                "nightdrop conflicts apply 13 --set '{\"price\":2.75}'",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain]),
        subcommands: [ConflictsList.self, ConflictsShow.self, ConflictsResolve.self, ConflictsApply.self],
        defaultSubcommand: ConflictsList.self)
}

struct ConflictsList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List conflicts.",
        discussion: Manual.page(
            """
            Lists what is open or reopened; with --all also what a rule or a person has decided. Conditions narrow it \
            down: all of those given must hold.
            """,
            examples: [
                "nightdrop conflicts", "nightdrop conflicts --all --json",
                "nightdrop conflicts --kind validation --terminal T07",
                "nightdrop conflicts --state decided --store S1",
            ],
            statuses: [.inputOutput]))

    @Flag(help: "Also those that are decided.")
    var all = false
    @Option(help: ArgumentHelp("Only of this entity.", valueName: "entity"))
    var entity: String?
    @Option(help: ArgumentHelp("Only of this store: of its records or its tills.", valueName: "id"))
    var store: String?
    @Option(help: "Only of this kind.")
    var kind: KindOfConflict?
    @Option(help: "Only in this state.")
    var state: StateOfConflict?
    @Option(help: ArgumentHelp("Only where this till's operation came in.", valueName: "id"))
    var terminal: String?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.centralToRead(node, instead: "see nightdrop notices")
        var table = Table(["no", "kind", "state", "record", "field", "base", "central", "incoming", "decided", "rule"])
        let filter = ConflictFilter(
            all: all, state: state?.rawValue, kind: kind?.rawValue, entity: entity, store: store, terminal: terminal)
        try central.conflicts(filter) { row in
            let row = central.hidingSensitive(row)
            if console.isJSON { return try console.out.json(row.json) }
            table.add([
                String(row.number), row.kind, row.state, row.record, row.field ?? "", row.plain(row.base),
                row.plain(row.central), row.shortIncoming, row.plain(row.decided), row.rule,
            ])
        }
        if !table.isEmpty {
            try table.print(to: console)
        } else if filter == ConflictFilter() {
            try console.say("no conflict waits for you")
        } else {
            try console.say("there are no such conflicts")
        }
        try console.out.flush()
    }
}

struct ConflictsShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one conflict with everything that is known of it.",
        discussion: Manual.page(
            """
            Shows who set what and when, from which value both started, what stands now, and who decided what and \
            why. Values of fields that the policy calls sensitive are hidden, here and in the list, unless --reveal asks for \
            them.
            """,
            examples: ["nightdrop conflicts show 12", "nightdrop conflicts show 12 --reveal"],
            statuses: [.notFound, .inputOutput]))

    @Argument(help: "The conflict's number.")
    var number: Int64
    @Flag(help: "Also show the values of sensitive fields.")
    var reveal = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let central = try Node.centralToRead(node, instead: "see nightdrop notices")
        let view = try ConflictView(central, ConflictLookUp.row(number, central), reveals: reveal)
        if console.isJSON {
            try console.out.json(view.json)
        } else {
            try view.show(to: console)
        }
        try console.out.flush()
    }
}

/// A conflict that a command was told the number of.
enum ConflictLookUp {
    static func row(_ number: Int64, _ central: Central) throws -> ConflictRow {
        guard let row = try central.conflict(number) else {
            throw NightdropError(.notFound, "there is no conflict \(number); see nightdrop conflicts --all")
        }
        return row
    }
}
