import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore

/// Shows what a merge would do.
struct Preview {
    /// The most conflicts that are listed for people; a plan and `--json` hold all.
    private static let listedConflicts = 100

    private let console: Console

    init(_ console: Console) { self.console = console }

    /// Makes the plan, writes it to `planFile` if there is one, and shows it; ends with the status of the merge.
    func run(_ paths: [String], _ central: Central, planFile: String?) throws {
        let plan = try MergeRun.withProgress(console) { try central.preview(paths, progress: $0) }
        if let planFile { try central.write(plan, to: planFile) }
        if console.isJSON {
            try console.out.json(plan.json)
        } else if !console.isQuiet {
            try show(plan)
            try console.out.line("")
            try console.say(
                planFile.map { "nothing was changed; do exactly this with: nightdrop merge --apply \($0)" }
                    ?? "nothing was changed")
        }
        try console.out.flush()
        if plan.status != 0 { throw ExitCode(plan.status) }
    }

    private func show(_ plan: MergePlan) throws {
        for bundle in plan.promise.bundles where bundle.outcome != .skipped || console.isVerbose {
            try console.say(bundle.sentence(console.style, would: true))
        }
        if plan.promise.bundles.isEmpty { try console.say("no bundles for this node") }
        try showEntities(plan)
        try showTotals(plan)
        try showConflicts(plan)
    }

    private func showEntities(_ plan: MergePlan) throws {
        var table = Table(["entity", "new", "known", "fast-forward", "conflicting"], numbers: [1, 2, 3, 4])
        for (entity, counts) in plan.entities.sorted(by: { $0.key < $1.key }) {
            table.add([
                entity, String(counts.new), String(counts.known), String(counts.fastForward),
                String(counts.conflicting),
            ])
        }
        try print(table)
    }

    private func showTotals(_ plan: MergePlan) throws {
        var table = Table(["total", "before", "after"], numbers: [1, 2])
        let (before, after) = (plan.controlTotalsBefore.entries, plan.controlTotalsAfter.entries)
        for entity in Set(before.keys).union(after.keys).sorted() {
            let (old, new) = (before[entity] ?? .init(), after[entity] ?? .init())
            table.add(["\(entity), made", String(old.creates), String(new.creates)])
            guard let sum = new.sum ?? old.sum else { continue }
            table.add(["\(entity), sum", (old.sum ?? .zero).text, sum.text])
        }
        for counter in plan.counters {
            table.add(["\(counter.entity), \(counter.field)", counter.before.text, counter.after.text])
        }
        try print(table)
    }

    private func showConflicts(_ plan: MergePlan) throws {
        var table = Table(["kind", "record", "field", "base", "central", "incoming", "from", "decided", "rule"])
        for row in plan.conflicts.prefix(Preview.listedConflicts) {
            table.add([
                row.kind, row.record, row.field ?? "", row.plain(row.base), row.plain(row.central), row.shortIncoming,
                row.node, row.state == "decided" ? row.plain(row.decided) : row.state, row.rule,
            ])
        }
        try print(table)
        let others = plan.conflicts.count - Preview.listedConflicts
        if others > 0 { try console.say("\nand \(Words.count(others, "conflict")) more; --json and --plan name all") }
        if !plan.settled.isEmpty {
            let numbers = Words.list(plan.settled.map { String($0) })
            try console.say("\n\(plan.settled.count == 1 ? "conflict" : "conflicts") \(numbers) would be settled")
        }
    }

    private func print(_ table: Table) throws {
        guard !table.isEmpty else { return }
        try console.out.line("")
        try table.print(to: console)
    }
}
