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
            empty cell means: no value.
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
            let policy = try Node.policy(self.node).entity(entity)
            let recording = CSVRecording(
                node: node, console: console, entity: policy, key: key, store: store?.text)
            try recording.run(try LineReader(csv))
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

extension Recorded {
    /// As the command line prints it.
    var json: JSONValue {
        var members: [JSONValue.Member] = [.init("first", .integer(first)), .init("last", .integer(last))]
        if !faults.isEmpty { members.append(.init("faults", .array(faults.map { .string($0) }))) }
        return .object(members)
    }
}

/// Records line by line until one is bad.
struct LineRecording {
    let node: Node
    let console: Console

    func run(_ lines: LineReader) throws {
        let bar = ProgressBar(console)
        var tally = Tally()
        do {
            defer { bar.finish() }
            while let line = try lines.next() {
                if line.isEmpty { continue }
                let recorded = try commit(line, lines)
                tally.add(recorded)
                if console.isJSON { try console.out.json(recorded.json) }
                // Whoever writes into a pipe learns of each commit; a file is answered in larger pieces.
                if lines.size == nil { try console.out.flush() }
                if let size = lines.size {
                    bar.show(Double(lines.consumed) / Double(size), Words.count(tally.operations, "operation"))
                }
            }
        } catch {
            try console.out.flush()
            console.note(tally.durable)
            throw error
        }
        try console.say(tally.sentence)
        try console.out.flush()
    }

    private func commit(_ line: [UInt8], _ lines: LineReader) throws -> Recorded {
        do {
            let recorded = try node.record(DraftReader.drafts(line))
            for fault in recorded.faults { console.note("\(lines.name), line \(lines.number): recorded, but \(fault)") }
            return recorded
        } catch {
            throw LineFailure.error(error, lines)
        }
    }
}

/// Answers each line at once.
struct EachRecording {
    let node: Node
    let console: Console

    func run(_ lines: LineReader) throws {
        var failures: Set<Int32> = []
        while let line = try lines.next() {
            let answer: JSONValue
            do {
                answer = try node.record(DraftReader.drafts(line)).json
            } catch {
                let failure = Failure(LineFailure.error(error, lines))
                failures.insert(failure.status)
                answer = ["error": .string(failure.message), "status": .integer(failure.status)]
            }
            try console.out.json(answer)
            try console.out.flush()
        }
        if let status = ([74, 73, 77, 65, 75] + failures.sorted()).first(where: failures.contains) {
            throw ExitCode(status)
        }
    }
}

/// An error with the line that it is about.
enum LineFailure {
    static func error(_ error: any Error, _ lines: LineReader) -> any Error {
        let failure = Failure(error)
        guard let kind = NightdropError.Kind(rawValue: failure.status) else { return error }
        return NightdropError(kind, "\(lines.name), line \(lines.number): \(failure.message)")
    }
}

/// What has been recorded so far.
struct Tally {
    private(set) var commits = 0
    private(set) var operations: Int64 = 0
    private var first: Int64 = 0
    private var last: Int64 = 0

    /// Counts a commit; one that was there already counts as one, too.
    mutating func add(_ recorded: Recorded) {
        commits += 1
        operations += recorded.last - recorded.first + 1
        if first == 0 { first = recorded.first }
        last = recorded.last
    }

    /// After all went well.
    var sentence: String {
        guard commits > 0 else { return "nothing to record" }
        return "recorded \(Words.count(operations, "operation")) in \(Words.count(commits, "commit")), \(range)"
    }

    /// Before an error is told.
    var durable: String {
        commits > 0
            ? "\(Words.count(operations, "operation")) before it \(operations == 1 ? "is" : "are") recorded and durable, \(range)"
            : "nothing was recorded"
    }

    private var range: String { first == last ? "number \(first)" : "numbers \(first) to \(last)" }
}
