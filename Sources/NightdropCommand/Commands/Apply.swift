import ArgumentParser
import Nightdrop

struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply a large change of head office that waits for approval.",
        discussion: Manual.page(
            """
            With largeChanges: ask in the settings, watch holds back what would change more records than autoApplyLimit; \
            nightdrop status says how many. Import and exchange apply everything at once.
            """,
            examples: ["nightdrop apply", "nightdrop apply -C T07 --json"],
            statuses: [.refused, .inputOutput, .tryAgain, .notPermitted]))

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let terminal = try Node.terminal(node, instead: "there is nothing to approve")
        var report = MergeReport()
        report.bundles = try terminal.applyHeld()
        if report.bundles.isEmpty, !console.isJSON {
            try console.say("no change waits for approval")
            return try console.out.flush()
        }
        try MergeRun.print(report, hasCSN: false, to: console)
        try MergeRun.end(report)
    }
}
