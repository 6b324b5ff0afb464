import ArgumentParser
import Glibc
import Nightdrop
import NightdropFormats
import NightdropModel

struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show whose keys head office knows, and revoke those of a till that was stolen or given away.",
        discussion: Manual.page(
            "Whoever has a till's key may send data in its name, until the key is revoked.",
            examples: ["nightdrop keys list -C HQ", "nightdrop keys revoke T07 -C HQ"],
            statuses: [.notFound, .inputOutput]),
        subcommands: [List.self, Revoke.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every key that head office knows.",
            discussion: Manual.page(
                "A till shows the fingerprint of its key when it is made; ssh-keygen -lf keys/signing_key.pub shows it again.",
                examples: ["nightdrop keys list -C HQ", "nightdrop keys list -C HQ --json"],
                statuses: [.inputOutput]))

        @OptionGroup var node: NodeOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let console = Console(output)
            let central = try Node.centralToRead(node, instead: "list the keys there")
            var table = Table(["node", "key", ""])
            for key in try central.keys() {
                if console.isJSON {
                    try console.out.json([
                        "node": .string(key.node), "key": .string(key.fingerprint), "revoked": .bool(key.isRevoked),
                    ])
                } else {
                    table.add([key.node, key.fingerprint, key.isRevoked ? "revoked" : ""])
                }
            }
            if !console.isJSON { try table.print(to: console) }
            try console.out.flush()
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse from now on whatever is signed with a till's keys.",
            discussion: Manual.page(
                """
                For a till that was stolen, copied or given away. Bundles that it signed and that have not been merged \
                are refused, too, whenever it signed them; what was merged stays (nightdrop undo takes a bundle back). \
                Nothing is left for the till any more, but that its key is refused. A till that takes its place gets an \
                id of its own. Without --yes you are asked.
                """,
                examples: ["nightdrop keys revoke T07 -C HQ"], statuses: [.notFound, .inputOutput]))

        @Argument(help: "The till.")
        var terminal: NodeID
        @Flag(help: "Do not ask.")
        var yes = false
        @OptionGroup var node: NodeOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let console = Console(output)
            let central = try Node.central(node, instead: "revoke the key there")
            let keys = try central.keys().filter { $0.node == terminal.text && !$0.isRevoked }
            for key in keys { console.note("till \(terminal), key \(key.fingerprint)") }
            if !keys.isEmpty {
                guard try yes || Question.isConfirmed("Refuse everything that \(terminal) sends from now on?") else {
                    return console.note("not revoked")
                }
            }
            let revoked = try central.revoke(terminal)
            if console.isJSON {
                for key in revoked { try console.out.json(["node": .string(terminal.text), "key": .string(key)]) }
            }
            try console.say(
                revoked.isEmpty
                    ? "\(terminal) has no key that is not revoked already"
                    : "revoked \(Words.list(revoked)) of \(terminal); its bundles are refused from now on")
            try console.out.flush()
        }
    }
}

/// Something that a person has to agree to.
enum Question {
    /// Whether somebody at the terminal says yes.
    static func isConfirmed(_ question: String) throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else {
            throw NightdropError(.usage, "nobody is there to confirm; give --yes")
        }
        // A question belongs to the conversation, even where notes are not wanted.
        Console.error("\(question) [y/N]")
        return readLine()?.lowercased().hasPrefix("y") ?? false
    }
}
