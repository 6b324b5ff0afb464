import ArgumentParser
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check a policy, or take it over.",
        discussion: Manual.page(
            "A policy says which entities there are, which way they travel, and who is right in a conflict.",
            examples: ["nightdrop policy check policy.yaml", "nightdrop policy use policy.yaml"],
            statuses: [.notFound, .badSettings]),
        subcommands: [PolicyCheck.self, PolicyUse.self])
}

struct PolicyCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say what is wrong in a policy file, with line and key.",
        discussion: Manual.page(
            "Every finding is named, not only the first. Nothing is changed.",
            examples: ["nightdrop policy check policy.yaml"],
            statuses: [.notFound, .badSettings]))

    @Argument(help: "The policy, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        try GivenPaths.check([file])
        let bytes = try DiskFileSystem().contents(file) ?? []
        let policy = try PolicyFile.parse(String(decoding: bytes, as: UTF8.self), file: file)
        if console.isJSON {
            try console.out.json([
                "file": .string(file), "version": .integer(policy.version),
                "organisation": .string(policy.organisation),
                "entities": .array(policy.entities.map { .string($0.name) }),
            ])
        }
        try console.say(
            "\(file) is fine: version \(policy.version) of \(policy.organisation), \(policy.entities.count) entities")
        try console.out.flush()
    }
}

struct PolicyUse: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Take over a policy at head office.",
        discussion: Manual.page(
            """
            Its version must be higher than that of the policy in use. Tills get it with their next return bundle; what they \
            recorded before still merges.
            """,
            examples: ["nightdrop policy use policy.yaml -C HQ"],
            statuses: [.notFound, .badSettings]))

    @Argument(help: "The policy, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        try GivenPaths.check([file])
        let central = try Node.central(node, instead: "a till gets its policy with return bundles")
        let policy = try central.use(policy: file).policy
        if console.isJSON { try console.out.json(["file": .string(file), "version": .integer(policy.version)]) }
        try console.say("version \(policy.version) is in use; tills get it with their next return bundle")
        try console.out.flush()
    }
}
