import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel

struct ConflictsApply: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Apply an operation that was not applied, as it is or corrected.",
        discussion: Manual.page(
            """
            What a till sent and head office could not apply is kept whole: a change of a record that is not known here, a \
            value that the policy does not allow, an entity that the till may not write. This applies it, as an operation \
            of head office that travels to all tills; --set gives other values for some of its fields, --id another \
            record. A single value that was left out is applied the same way. To drop it instead: conflicts resolve N --take central.
            """,
            examples: [
                "nightdrop conflicts apply 12", "nightdrop conflicts apply 12 --set '{\"price\":2.75}' --by Anna",
                "nightdrop conflicts apply 12 --id 85123B",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain]))

    @Argument(help: "The conflict's number.")
    var number: Int64
    @Option(help: ArgumentHelp("Other values for some of its fields, as a JSON object.", valueName: "json"))
    var set: JSONArgument?
    @Option(help: ArgumentHelp("The id of the record, if it shall be another one.", valueName: "id"))
    var id: String?
    @Option(help: ArgumentHelp("Who decides; else the name you are logged in with.", valueName: "name"))
    var by: String?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let set, set.value.members == nil { throw ValidationError("--set takes a JSON object of fields.") }
        if let id, !(1...Limits.nameBytes).contains(id.utf8.count) {
            throw ValidationError("An id has 1 to \(Limits.nameBytes) bytes.")
        }
    }

    func run() throws {
        let console = Console(output)
        let central = try Node.central(node, instead: "head office decides")
        let row = try ConflictLookUp.row(number, central)
        let decision = Central.Decision.apply(set: set?.value.compact, id: id)
        try DecisionReport(console, central).show(central.resolve([row], decision, by: by ?? LoginName.text))
    }
}
