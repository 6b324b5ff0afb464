import ArgumentParser
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Record operations from JSON Lines or from a CSV file.",
        discussion: Manual.page(
            """
            A line is one operation, {"entity","id","action","set","add","was","base","store","key","by"}, or an array \
            of several that belong together. Each line is on the disk before the next one is read. Lines before a bad \
            one stay recorded; what comes behind it is not read, and the status is 65.

            With --each every line is answered at once, with {"first","last"} or {"error","status"}: leave the command \
            running and write a line for each sale.

            With --csv the first row names the columns. Each row is compared with the present record of the id in the \
            --key column, and only what differs is recorded. Records that the file does not name stay as they are. An \
            empty cell means: no value. A file in which two rows give one id different values is refused as a whole (65).
            """,
            examples: [
                "echo '{\"entity\":\"sale\",\"id\":\"1\",\"action\":\"create\"}' | nightdrop record",
                "nightdrop record sales.jsonl --json", "nightdrop record - --each",
                "nightdrop record --csv products.csv --entity product --key code",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain]))

    @Argument(help: "A file of JSON Lines; - or nothing for standard input.", completion: .file(extensions: ["jsonl"]))
    var file: String?
    @Flag(help: "Answer every line at once, and go on after a bad one (65 at the end).")
    var each = false
    @Option(
        help: ArgumentHelp("A CSV file; - for standard input.", valueName: "file"),
        completion: .file(extensions: ["csv"]))
    var csv: String?
    @Option(help: ArgumentHelp("With --csv: the entity of the records.", valueName: "entity"))
    var entity: String?
    @Option(help: ArgumentHelp("With --csv: the column that holds the ids.", valueName: "column"))
    var key: String?
    @Option(help: ArgumentHelp("With --csv, at head office: the store of the records.", valueName: "id"))
    var store: NodeID?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if csv == nil {
            guard entity == nil, key == nil, store == nil else {
                throw ValidationError("--entity, --key and --store go with --csv FILE.")
            }
        } else {
            guard file == nil, !each else { throw ValidationError("--csv goes without FILE and --each.") }
            guard let entity, key != nil else { throw ValidationError("--csv needs --entity and --key.") }
            guard EntityName.isValid(Array(entity.utf8)) else { throw ValidationError("\"\(entity)\" is no entity.") }
        }
    }

    func run() throws {
        let console = Console(output)
        let node = try Node.open(self.node)
        if let csv, let entity, let key {
            let recording = CSVRecording(
                node: node, console: console, entity: node.policy.entity(entity), key: key, store: store?.text)
            try recording.run(LineReader(csv))
        } else {
            let lines = try LineReader(file)
            if each {
                try EachRecording(node: node, console: console).run(lines)
            } else {
                try LineRecording(node: node, console: console).run(lines)
            }
        }
    }
}
