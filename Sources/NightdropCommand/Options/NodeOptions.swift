import ArgumentParser
import Glibc

/// Which node a command is for.
struct NodeOptions: ParsableArguments {
    @Option(
        name: .customShort("C"),
        help: ArgumentHelp(
            "The node's directory; else the one that NIGHTDROP_NODE names, else the current one.", valueName: "dir"),
        completion: .directory)
    var directory: String?

    /// The node's directory.
    var path: String {
        if let directory { return directory }
        if let named = getenv("NIGHTDROP_NODE").map({ String(cString: $0) }), !named.isEmpty { return named }
        return "."
    }
}
