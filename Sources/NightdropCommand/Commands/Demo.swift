import ArgumentParser
import Nightdrop
import NightdropFiles

struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play a chain of shops for a day, in a directory to explore.",
        discussion: Manual.page(
            """
            Three shops with four tills sell for a day, change the same things, lose a stick, and deliver a bundle twice. \
            The demo tells what happens, what is decided and why, and leaves everything in the directory.
            """,
            examples: ["nightdrop demo", "nightdrop demo /tmp/shops"], statuses: [.cannotCreate, .inputOutput],
            opensNode: false))

    @Argument(
        help: ArgumentHelp(
            "A directory that is empty or not there yet; else a new one below the current one.", valueName: "dir"),
        completion: .directory)
    var directory: String?

    func run() throws {
        let directory = try directory ?? Demo.newDirectory()
        let disk = DiskFileSystem()
        if try disk.status(directory) != nil, try !disk.names(in: directory).isEmpty {
            throw NightdropError(.cannotCreate, "\(directory) is not empty; name a new directory")
        }
        try disk.createDirectory(directory)
        let narrator = Narrator()
        try DemoPlay(chain: DemoChain(directory), narrator: narrator).run()
        try narrator.out.flush()
    }

    private static func newDirectory() throws -> String {
        var (name, number) = ("nightdrop-demo", 1)
        while try DiskFileSystem().status(name) != nil {
            number += 1
            name = "nightdrop-demo-\(number)"
        }
        return name
    }
}
