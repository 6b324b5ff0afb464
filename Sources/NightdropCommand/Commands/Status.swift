import ArgumentParser
import Nightdrop
import NightdropModel

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is still to send, what failed, and what is in conflict.",
        discussion: Manual.page(
            "The same stands in the node's status.json, for programs that show it beside the sale.",
            examples: ["nightdrop status", "nightdrop status -C T07 --json"], statuses: [.inputOutput]))

    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let status = try Node.status(self.node)
        if console.isJSON {
            try console.out.json(status.json)
        } else {
            try show(status, console)
        }
        try console.out.flush()
    }

    private func show(_ status: NodeStatus, _ console: Console) throws {
        try console.out.line("\(console.style.bold(status.node.text)): \(status.summary)")
        try console.out.line("state \(status.state.rawValue), last exchange \(Words.time(status.lastExchange))")
        for directory in status.directories {
            let state = directory.isReachable ? "reachable" : "cannot be reached"
            let error = directory.error.map { ": \($0.visible)" } ?? ""
            try console.out.line("exchange directory \(directory.path.visible): \(state)\(error)")
        }
        for bundle in status.failedBundles {
            try console.out.line(console.style.bad("\(bundle.file.visible): \(bundle.error.visible)"))
        }
        for alert in status.alerts { try console.out.line(console.style.bad(alert.text.visible)) }
        if status.notPermitted, !status.isKeyRefused {
            try console.out.line("not permitted: a bundle was refused for who it is from")
        }
        if status.pendingApproval > 0 {
            let records = Words.count(status.pendingApproval, "record")
            try console.out.line("a change of \(records) waits for approval: nightdrop apply")
        }
        if let error = status.error, !status.directories.contains(where: { $0.failure == error }) {
            try console.out.line(console.style.bad(error.visible))
        }
        guard !status.tables.isEmpty else { return }
        var table = Table(["entity", "pending", "failed", "synced", "conflicts"], numbers: [1, 2, 3, 4])
        for (entity, counts) in status.tables.sorted(by: { $0.key < $1.key }) + [("all", status.totals)] {
            table.add([entity] + [counts.pending, counts.failed, counts.synced, counts.conflicts].map { String($0) })
        }
        try table.print(to: console)
    }
}
