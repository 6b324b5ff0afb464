import ArgumentParser
import Glibc
import Nightdrop
import NightdropFormats
import NightdropStore

struct ConflictsResolve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Decide conflicts, or decide them anew.",
        discussion: Manual.page(
            """
            A decision is a change like any other and travels to all tills with the next return bundles. It is refused \
            with 75 if the value is no longer the one that the conflict shows: look again, then decide.

            Many are decided at once by their numbers or with --where, whose conditions are entity, field, store, \
            terminal, kind and state; without a state, what waits for a person is meant. One that cannot be decided does \
            not hold up the others. On a terminal you are asked first, unless --yes says not to.

            Of an operation that was not applied, central drops it and incoming applies it (as conflicts apply does).
            """,
            examples: [
                "nightdrop conflicts resolve 12 --take incoming --by Anna",
                "nightdrop conflicts resolve 12 --set 2.75", "nightdrop conflicts resolve 12 13 14 --rule max",
                "nightdrop conflicts resolve --where entity=product --take incoming",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain]))

    enum Side: String, ExpressibleByArgument, CaseIterable { case central, incoming, base }

    @Argument(help: "The conflicts' numbers.")
    var numbers: [Int64] = []
    @Option(name: .customLong("where"), help: ArgumentHelp("All conflicts that fit.", valueName: "conditions"))
    var conditions: ConflictConditions?
    @Option(help: ArgumentHelp("Take one of the values that the conflict shows.", valueName: "side"))
    var take: Side?
    @Option(help: ArgumentHelp("Set another value, as JSON.", valueName: "json"))
    var set: JSONArgument?
    @Option(help: "Take the value that a rule gives.")
    var rule: Central.DecisionRule?
    @Option(help: ArgumentHelp("Who decides; else the name you are logged in with.", valueName: "name"))
    var by: String?
    @Flag(help: "Do not ask.")
    var yes = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard [take != nil, set != nil, rule != nil].filter(\.self).count == 1 else {
            throw ValidationError("Give one of --take central|incoming|base, --set JSON and --rule RULE.")
        }
        guard numbers.isEmpty != (conditions == nil) else {
            throw ValidationError("Give either conflicts' numbers or --where CONDITIONS.")
        }
    }

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "head office decides")
        let rows = try shown(central)
        guard !rows.isEmpty else {
            try console.say("no conflict fits")
            return try console.out.flush()
        }
        guard conditions == nil && rows.count == 1 || isConfirmed(rows.count) else {
            return console.note("nothing was decided")
        }
        let resolutions = try central.resolve(rows, decision, by: by ?? LoginName.text)
        try DecisionReport(console, central).show(resolutions)
    }

    /// The conflicts as they stand now, each once.
    private func shown(_ central: Central) throws -> [ConflictRow] {
        var rows: [ConflictRow] = []
        if let conditions {
            try central.conflicts(conditions.filter) { rows.append($0) }
        } else {
            var seen: Set<Int64> = []
            for number in numbers where seen.insert(number).inserted {
                rows.append(try ConflictLookUp.row(number, central))
            }
        }
        return rows
    }

    private func isConfirmed(_ count: Int) -> Bool {
        guard !yes, isatty(STDIN_FILENO) == 1 else { return true }
        // A question belongs to the conversation, even where notes are not wanted.
        Console.error("Decide \(Words.count(count, "conflict"))? [y/N]")
        return readLine()?.lowercased().hasPrefix("y") ?? false
    }

    private var decision: Central.Decision {
        if let set { return .value(set.value.compact) }
        if let rule { return .rule(rule) }
        return switch take {
        case .incoming: .incoming
        case .base: .base
        case .central, nil: .central
        }
    }
}

extension Central.DecisionRule: ExpressibleByArgument {}

/// Tells what became of decisions.
struct DecisionReport {
    private let console: Console
    private let central: Central

    init(_ console: Console, _ central: Central) {
        self.console = console
        self.central = central
    }

    /// A line for each; ends with the status of what could not be decided.
    func show(_ resolutions: [Central.Resolution]) throws {
        var failures: Set<Int32> = []
        for resolution in resolutions {
            switch resolution.result {
            case .success(let recorded): try show(resolution.conflict, recorded)
            case .failure(let error):
                failures.insert(error.kind.rawValue)
                if console.isJSON {
                    try console.out.json([
                        "conflict": .integer(resolution.conflict), "error": .string(error.message),
                        "status": .integer(error.kind.rawValue),
                    ])
                } else {
                    try console.out.flush()
                    let number = "conflict \(resolution.conflict)"
                    let place = error.message.hasPrefix(number) ? "" : "\(number): "
                    Console.error("nightdrop: \(place)\(error.message.visible)")
                }
            }
        }
        let decided = resolutions.count { if case .success = $0.result { true } else { false } }
        if resolutions.count > 1 {
            try console.say("decided \(decided) of \(Words.count(resolutions.count, "conflict"))")
        }
        if decided > 0 { try console.say("the tills learn it with their next return bundles") }
        try console.out.flush()
        if let status = ([74, 77, 65, 75] + failures.sorted()).first(where: failures.contains) {
            throw ExitCode(status)
        }
    }

    private func show(_ number: Int64, _ recorded: Recorded) throws {
        guard let row = try central.conflict(number).map(central.hidingSensitive) else { return }
        if console.isJSON {
            return try console.out.json([
                "conflict": .integer(number), "first": .integer(recorded.first), "last": .integer(recorded.last),
                "decided": JSONValue(json: row.decided), "state": .string(row.state),
            ])
        }
        let what =
            switch (row.field, row.decided) {
            case (let field?, let value?): "\(field) is \(row.plain(value))"
            case (let field?, nil): "\(field) stays as it is"
            case (nil, "true"): "the record stays"
            case (nil, "false"): "the record is deleted"
            case (nil, let value?): row.plain(value)
            case (nil, nil): "everything stays as it is"
            }
        try console.say("decided \(number): \(row.record): \(what)".visible)
    }
}
