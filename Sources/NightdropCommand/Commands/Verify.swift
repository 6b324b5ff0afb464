import ArgumentParser
import Nightdrop
import NightdropFiles
import NightdropFormats

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check bundles, journal segments, journals, or a whole node, byte for byte.",
        discussion: Manual.page(
            """
            Checks signatures, hashes, numbers without gaps, the chain of segments, and control totals. In a node, \
            signatures must be by the keys that the node knows; elsewhere it is only checked that each bundle fits its \
            own signature. Nothing is changed. The status is the first of 74, 77, 65, 75 that occurred.
            """,
            examples: [
                "nightdrop verify -C T07", "nightdrop verify /media/stick", "nightdrop verify backup/*.nightdrop.tar",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain, .notPermitted]))

    @Argument(help: "Files, journals, nodes or directories; else the node.", completion: .file())
    var paths: [String] = []
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        if paths.isEmpty { _ = try Node.settings(node) }
        try GivenPaths.check(paths)
        let signers = try allowedSigners()
        if signers == nil {
            console.note("outside of a node: whose keys signed is not checked, only that each signature fits")
        }
        var statuses: [Int32] = []
        let verification = Verification(signers: signers) { finding in
            statuses.append(finding.status)
            if console.isJSON { return try console.out.json(finding.json) }
            if let problem = finding.problem {
                try console.out.line("\(console.style.bad("WRONG")) \(finding.path.visible): \(problem.visible)")
            } else {
                try console.say("\(console.style.good("ok")) \(finding.path.visible): \(finding.facts.visible)")
            }
        }
        for path in paths.isEmpty ? [node.path] : paths { try verification.check(path) }
        if statuses.isEmpty { try console.say("nothing to check") }
        try console.out.flush()
        if let status = ([74, 77, 65, 75] + statuses).first(where: { $0 != 0 && statuses.contains($0) }) {
            throw ExitCode(status)
        }
    }

    /// The keys that the node knows: the one of the options, else a single node among the paths.
    private func allowedSigners() throws -> AllowedSigners? {
        var directory = NodeDirectory(node.path)
        if try Node.settingsIfAny(node) == nil {
            guard paths.count == 1, let path = paths.first, try FileSort(path) == .node else { return nil }
            directory = NodeDirectory(path)
        }
        guard let bytes = try DiskFileSystem().contents(directory.allowedSigners) else { return nil }
        return try AllowedSigners(file: bytes)
    }
}
