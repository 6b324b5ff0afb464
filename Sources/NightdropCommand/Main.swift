import ArgumentParser
import Glibc
import Nightdrop

/// The command `nightdrop`.
@main
struct NightdropCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nightdrop",
        abstract: "Carries data between shops' tills and head office in signed files, over any share or stick.",
        discussion: Manual.page(
            """
            Every till appends what happens to a journal, and drops a signed bundle at the close of day; head office \
            merges the bundles, shows conflicts, and drops return bundles that bring every till up to date.
            """,
            examples: ["nightdrop demo", "nightdrop help record"]),
        version: Software.name,
        groupedSubcommands: [
            CommandGroup(name: "Set up", subcommands: [Init.self, Enroll.self, Keys.self, PolicyCommand.self]),
            CommandGroup(
                name: "At a till",
                subcommands: [
                    RecordCommand.self, Get.self, Close.self, Export.self, Import.self, Apply.self, Notices.self,
                ]),
            CommandGroup(
                name: "At head office",
                subcommands: [
                    Merge.self, Return.self, Days.self, Conflicts.self, History.self, Undo.self, Terminals.self,
                    Log.self,
                ]),
            CommandGroup(name: "Carry", subcommands: [Exchange.self, Request.self]),
            CommandGroup(name: "On either side, as a service", subcommands: [WatchCommand.self]),
            CommandGroup(name: "Look", subcommands: [Status.self, Inspect.self, Cat.self, Verify.self, Demo.self]),
        ])

    /// Runs the command that the arguments name, and ends the process with its exit status.
    static func main() {
        // Writing to a pipe that nobody reads any more shall be an error of that one write.
        signal(SIGPIPE, SIG_IGN)
        var command: any ParsableCommand
        do { command = try parseAsRoot() } catch { endParsing(error) }
        do { try command.run() } catch { end(error) }
    }

    private static func end(_ error: any Error) -> Never {
        switch error {
        case let code as ExitCode: Glibc.exit(code.rawValue)
        // Help that was asked for and arguments that do not go together come up here, too.
        case _ where exitCode(for: error) != .failure: endParsing(error)
        default:
            let failure = Failure(error)
            for line in failure.message.split(separator: "\n") { Console.error("nightdrop: \(line.visible)") }
            Glibc.exit(failure.status)
        }
    }

    /// Help, version and completions are data; anything else is wrong use.
    private static func endParsing(_ error: any Error) -> Never {
        let status = exitCode(for: error)
        if status.isSuccess { exit(withError: error) }
        let message = fullMessage(for: error)
        let isNamed = message.hasPrefix("Error: ")
        Console.error(isNamed ? "nightdrop: " + message.dropFirst("Error: ".count) : message)
        Glibc.exit(EX_USAGE)
    }
}
