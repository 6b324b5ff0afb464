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

            With --dry-run you see what a merge would do, and nothing is done: what is new, known, changes something \
            (fast-forward), and is in conflict, with the values and the rule that would decide, and the totals before and \
            after. Reading goes on meanwhile, whoever writes waits. --plan also writes that to a file, which --apply \
            carries out exactly, or not at all (75) if the store, the policy or a bundle has changed since.
            """,
            examples: [
                "nightdrop merge /media/stick --return /media/stick",
                "nightdrop merge /srv/exchange --return /srv/exchange --json",
                "nightdrop merge /media/stick --dry-run", "nightdrop merge /media/stick --plan evening.json",
                "nightdrop merge --apply evening.json --return /media/stick",
            ],
            statuses: [.refused, .notFound, .cannotCreate, .inputOutput, .tryAgain, .notPermitted]))

    @Argument(help: "Bundles, or directories that hold some.", completion: .file())
    var paths: [String] = []
    @Option(
        name: .customLong("return"),
        help: ArgumentHelp("Where to write return bundles, as DIR/to/TILL/.", valueName: "dir"), completion: .directory)
    var exchange: String?
    @Flag(help: "Show what would happen, and do nothing.")
    var dryRun = false
    @Option(
        help: ArgumentHelp("Show what would happen, do nothing, and write it to a file.", valueName: "file"),
        completion: .file())
    var plan: String?
    @Option(help: ArgumentHelp("Merge exactly as a plan shows.", valueName: "plan"), completion: .file())
    var apply: String?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard [dryRun, plan != nil, apply != nil].filter(\.self).count <= 1 else {
            throw ValidationError("--dry-run, --plan and --apply go one at a time.")
        }
        guard paths.isEmpty == (apply != nil) else {
            throw ValidationError(
                apply == nil
                    ? "Give bundles, or directories that hold some." : "--apply merges the plan's bundles only.")
        }
        guard exchange == nil || !dryRun && plan == nil else {
            throw ValidationError("--return goes with a merge, not with a preview.")
        }
    }

    func run() throws {
        let central = try Node.central(node, instead: "use nightdrop import")
        try GivenPaths.check(paths + [exchange, apply].compactMap(\.self))
        let console = Console(output)
        if dryRun || plan != nil {
            try Preview(console).run(paths, central, planFile: plan)
        } else if let apply {
            let promise = try central.promise(file: apply)
            try MergeRun.run(console) { try central.apply(promise, returnTo: exchange, progress: $0) }
        } else {
            try MergeRun.merge(paths, by: central, returnTo: exchange, console)
        }
    }
}

/// Taking bundles in, and telling what became of them.
enum MergeRun {
    /// Merges with a progress bar; ends with the status that the bundles call for.
    static func merge(_ paths: [String], by central: Central, returnTo exchange: String?, _ console: Console) throws {
        try run(console) { try central.merge(paths, returnTo: exchange, progress: $0) }
    }

    /// Merges with a progress bar; ends with the status that the bundles call for.
    static func run(
        _ console: Console, _ merge: (@escaping @Sendable (MergeProgress) -> Void) throws -> MergeReport
    ) throws {
        let report = try withProgress(console, merge)
        try print(report, hasCSN: true, to: console)
        try end(report)
    }

    /// Shows how far a merge is.
    static func withProgress<Answer>(
        _ console: Console, _ merge: (@escaping @Sendable (MergeProgress) -> Void) throws -> Answer
    ) throws -> Answer {
        let bar = ProgressBar(console)
        defer { bar.finish() }
        return try merge { progress in
            bar.show(progress)
        }
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
            if let restored = report.restored { try console.say(restored.words) }
            if let words = report.lostWords { try console.say(words) }
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
    /// In words.
    func sentence(_ style: Style, would: Bool = false) -> String {
        let name = file.visible
        let why = reason.map { ": \($0.visible)" } ?? ""
        switch outcome {
        case .merged:
            let found = conflicts > 0 ? ", \(Words.count(conflicts, "conflict"))" : ""
            return
                "\(style.good(would ? "would merge" : "merged")) \(name): \(new) new of \(Words.count(total, "operation"))\(found)\(why)"
        case .known: return "known \(name)\(why.isEmpty ? ": everything in it was here already" : why)"
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

extension ProgressBar {
    /// Shows how far a merge is: first all bundles are copied, then they are merged.
    func show(_ merge: MergeProgress) {
        guard merge.of > 0 else { return }
        if merge.copied < merge.of {
            show(Double(merge.copied) / Double(merge.of), "copying: \(merge.copied) of \(merge.of) bundles")
        } else {
            show(
                Double(merge.bundles) / Double(merge.of),
                "merging: \(merge.bundles) of \(merge.of) bundles, \(merge.operations) operations")
        }
    }
}
