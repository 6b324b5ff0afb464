import ArgumentParser
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check a policy.",
        discussion: Manual.page(
            "A policy says which entities there are, which way they travel, and who is right in a conflict.",
            examples: ["nightdrop policy check policy.yaml"],
            statuses: [.notFound, .badSettings]),
        subcommands: [PolicyCheck.self])
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
