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
            own signature. Nothing is changed. Of several names each is checked, whatever is wrong with \
            another; the status is the first of 74, 77, 65, 75, 66 that occurred.

            With --store, head office's store is checked against the operations as they came: the database itself, the \
            change log, every segment's hash, days' control totals, and that every counter's balance is the sum of all \
            that was added to it. What does not add up is named, and the status is 65.
            """,
            examples: [
                "nightdrop verify -C T07", "nightdrop verify /media/stick", "nightdrop verify backup/*.nightdrop.tar",
                "nightdrop verify --store -C HQ",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain, .notPermitted]))

    @Argument(help: "Files, journals, nodes or directories; else the node.", completion: .file())
    var paths: [String] = []
    @Flag(help: "Check head office's store against the operations as they came.")
    var store = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !store || paths.isEmpty else { throw ValidationError("--store is about the node: name it with -C") }
    }

    func run() throws {
        let console = Console(output)
        if store { return try StoreCheck.run(node, console) }
        if paths.isEmpty { _ = try Node.settings(node) }
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
        if let status = [74, 77, 65, 75, 66].first(where: statuses.contains) ?? statuses.first(where: { $0 != 0 }) {
            throw ExitCode(status)
        }
    }

    /// The keys that the node knows: the one of the options, else a single node among the paths.
    private func allowedSigners() throws -> AllowedSigners? {
        var directory = NodeDirectory(node.path)
        if try Node.settingsIfAny(node) == nil {
            guard paths.count == 1, let path = paths.first, (try? FileSort(path)) == .node else { return nil }
            directory = NodeDirectory(path)
        }
        let disk = DiskFileSystem()
        guard let bytes = try disk.contents(directory.allowedSigners) else { return nil }
        let signers = try AllowedSigners(file: bytes)
        // A till's own key is not among those that it was given. The other half of it may be kept by somebody else.
        guard let settings = try disk.contents(directory.settings),
            let line = (try? disk.contents(directory.signingKey + ".pub")) ?? nil
        else { return signers }
        let id = try NodeSettings(yaml: String(decoding: settings, as: UTF8.self), file: directory.settings).id
        let own = try AllowedSigners.Entry(
            principals: [id.text], namespaces: [SSHSignature.Namespace.bundle],
            key: PublicKey.parse(line: String(decoding: line, as: UTF8.self)).key)
        return AllowedSigners(entries: signers.entries + [own])
    }
}
