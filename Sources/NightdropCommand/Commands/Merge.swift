import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel

struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Merge tills' bundles into the central store.",
        discussion: Manual.page(
            """
            Bundles may come in any order and more than once. One that is refused or has to wait does not hold up the \
            others; the status is the first of 74, 77, 65, 75 that occurred. With --return, every till whose bundle \
            brought something is answered.
            """,
            examples: [
                "nightdrop merge /media/stick --return /media/stick",
                "nightdrop merge /srv/exchange --return /srv/exchange --json",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain, .notPermitted]))

    @Argument(help: "Bundles, or directories that hold some.", completion: .file())
    var paths: [String]
    @Option(
        name: .customLong("return"),
        help: ArgumentHelp("Where to write return bundles, as DIR/to/TILL/.", valueName: "dir"), completion: .directory)
    var exchange: String?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let central = try Node.central(node, instead: "use nightdrop import")
        try GivenPaths.check(paths + [exchange].compactMap(\.self))
        try MergeRun.merge(paths, by: central, returnTo: exchange, Console(output))
    }
}

/// Taking bundles in, and telling what became of them.
enum MergeRun {
    /// Merges with a progress bar; ends with the status that the bundles call for.
    static func merge(_ paths: [String], by central: Central, returnTo exchange: String?, _ console: Console) throws {
        let bar = ProgressBar(console)
        let report: MergeReport
        do {
            defer { bar.finish() }
            report = try central.merge(paths, returnTo: exchange) { progress in
                let fraction = progress.of > 0 ? Double(progress.bundles) / Double(progress.of) : 0
                bar.show(fraction, "\(progress.bundles) of \(progress.of) bundles, \(progress.operations) operations")
            }
        }
        try print(report, hasCSN: true, to: console)
        try end(report)
    }

    /// Prints what became of each bundle.
    static func print(_ report: MergeReport, hasCSN: Bool, to console: Console) throws {
        if console.isJSON {
            try console.out.json([
                "bundles": .array(report.bundles.map(\.json)), "csn": hasCSN ? .integer(report.csn) : .null,
                "returns": .array(report.returns.map(\.json)),
            ])
        } else {
            for bundle in report.bundles where bundle.outcome != .skipped || console.isVerbose {
                try console.say(bundle.sentence(console.style))
            }
            if report.bundles.isEmpty { try console.say("no bundles for this node") }
            for answer in report.returns { try console.say("answer for \(answer.terminal): \(answer.file)") }
        }
        try console.out.flush()
    }

    /// Ends with the status that the bundles call for.
    static func end(_ report: MergeReport) throws {
        if report.status != 0 { throw ExitCode(report.status) }
    }
}

extension BundleOutcome {
    /// As the command line prints it.
    var json: JSONValue {
        [
            "file": .string(file), "from": .optional(from), "outcome": .string(outcome.rawValue),
            "reason": .optional(reason),
            "operations": ["total": .integer(total), "new": .integer(new), "known": .integer(known)],
            "conflicts": .integer(conflicts),
        ]
    }

    /// A line for people.
    func sentence(_ style: Style) -> String {
        let name = file.visible
        let why = reason.map { ": \($0.visible)" } ?? ""
        switch outcome {
        case .merged:
            let found = conflicts > 0 ? ", \(Words.count(conflicts, "conflict"))" : ""
            return "\(style.good("merged")) \(name): \(new) new of \(Words.count(total, "operation"))\(found)\(why)"
        case .known: return "known \(name): everything in it was here already"
        case .waiting: return "waiting \(name)\(why)"
        case .incomplete: return "incomplete \(name)\(why)"
        case .refused: return "\(style.bad("refused")) \(name)\(why)"
        case .skipped: return "skipped \(name)\(why.isEmpty ? ": it is for somebody else" : why)"
        }
    }
}

extension MergeReport.Return {
    /// As the command line prints it.
    var json: JSONValue { ["terminal": .string(terminal.text), "file": .string(file)] }
}
