import ArgumentParser
import Nightdrop
import NightdropFormats

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take in every bundle that is addressed to this node.",
        discussion: Manual.page(
            """
            Of a directory, its own bundles and those in to/<this node>/ are looked at. Nothing is removed, and taking \
            a bundle in again does nothing. With several bundles the status is the first of 74, 77, 65, 75 that occurred.
            """,
            examples: ["nightdrop import /media/stick", "nightdrop import grant.nightdrop.tar"],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain, .notPermitted]))

    @Argument(help: "Bundles, or directories that hold some.", completion: .file())
    var paths: [String]
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let node = try Node.open(self.node)
        try GivenPaths.check(paths)
        switch node {
        case .central(let central):
            try MergeRun.merge(paths, by: central, returnTo: nil, console)
        case .terminal(let terminal):
            let isNew = terminal.settings.central == nil
            var report = MergeReport()
            report.bundles = try terminal.take(paths)
            try MergeRun.print(report, hasCSN: false, to: console)
            if isNew, let welcome = terminal.settings.welcome { console.note(welcome) }
            try MergeRun.end(report)
        }
    }
}

extension NodeSettings {
    /// Whom a till belongs to since it took in its grant: somebody is to compare the key. Nil before.
    var welcome: String? {
        guard let central, let centralFingerprint else { return nil }
        return "this till belongs to head office \(central) of \((organisation ?? "?").visible) now, "
            + "whose key has the fingerprint \(centralFingerprint)"
    }
}
