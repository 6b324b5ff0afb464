import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Takes back what a merged bundle was the first to bring, or an earlier undo, by new operations of head office: what was
    /// made is deleted, what was deleted is made again, fields get back the values before, counters the opposite of what was
    /// added. What others have changed since stays, and is named.
    ///
    /// An undo that is interrupted goes on when the node is opened next.
    ///
    /// - Parameters:
    ///   - name: The bundle's file name or path, or the name of an undo, `undo-000001`.
    ///   - by: Who asks for it.
    ///   - dryRun: Whether only to tell what would be done.
    /// - Throws: `NightdropError` of kind `notFound` if there is no such bundle or undo; `tryAgain` while another undo runs.
    public func undo(_ name: String, by: String, dryRun: Bool = false) throws -> UndoReport {
        if dryRun { return try plan(try undoTarget(name), by) }
        let lock = try lockForUndo(wait: true)
        defer { _ = lock }
        try finishUndos()
        let choice = try undoTarget(name)
        // Everything that may be wrong shows before anything is written.
        let planned = try plan(choice, by)
        guard planned.alreadyUndoneBy == nil, planned.operations > 0 else { return planned }
        let row = UndoRow(bundle: choice.bundle, undoes: choice.undo?.number, by: by, at: Clock.now())
        let number = try store.write { try $0.begin(row) }
        var started = row
        started.number = number
        return try carryOut(started)
    }

    /// Finishes what an interruption has left of an undo, unless another process is at it.
    func resumeUndos() throws {
        guard try store.read({ try $0.undos() }).contains(where: { !$0.isDone }) else { return }
        guard let lock = try? lockForUndo(wait: false) else { return }
        defer { _ = lock }
        try finishUndos()
    }

    private func finishUndos() throws {
        for row in try store.read({ try $0.undos() }) where !row.isDone { _ = try carryOut(row) }
    }

    private func lockForUndo(wait: Bool) throws -> any FileLock {
        do throws(FileError) { return try fileSystem.lock(directory.path + "/undo.lock", wait: wait) } catch {
            guard error.kind == .locked else { throw error }
            throw NightdropError(.tryAgain, "another undo is running on \(directory.path); try again when it is done")
        }
    }

    /// What a name stands for.
    private struct Choice {
        let bundle: String
        /// The undo that shall be undone; nil for the bundle itself.
        let undo: UndoRow?
        /// The undo that has done so already.
        let undoneBy: UndoRow?
    }

    private func undoTarget(_ given: String) throws -> Choice {
        let name = bundleName(given)
        let (undos, bundles) = try store.read { reader in
            (try reader.undos(), try reader.bundles(named: name))
        }
        if let number = UndoKey.number(name) {
            guard let undo = undos.first(where: { $0.number == number }) else {
                throw NightdropError(.notFound, "there is no \(name); `nightdrop log --events` lists undos")
            }
            return Choice(bundle: undo.bundle, undo: undo, undoneBy: undos.first { $0.undoes == number })
        }
        guard !bundles.isEmpty else {
            throw NightdropError(
                .notFound,
                "no bundle of the name \(name) brought anything; `nightdrop log --events` lists the merged ones")
        }
        guard let first = undos.first(where: { $0.bundle == name && $0.undoes == nil }) else {
            return Choice(bundle: name, undo: nil, undoneBy: nil)
        }
        let (last, isUndone) = UndonePast.last(of: first, undos)
        return isUndone
            ? Choice(bundle: name, undo: nil, undoneBy: last) : Choice(bundle: name, undo: last, undoneBy: nil)
    }

    /// The name under which a bundle was merged: of a file, whatever that is called by now, it stands in its manifest.
    private func bundleName(_ given: String) -> String {
        guard (try? fileSystem.status(given)) != nil,
            let manifest = try? BundleReader.open(given, fileSystem: fileSystem).manifest
        else { return Path.name(of: given) }
        return manifest.fileName
    }

    /// What would be done.
    private func plan(_ choice: Choice, _ by: String) throws -> UndoReport {
        var report = UndoReport(bundle: choice.bundle, undid: choice.undo.map { UndoKey.name($0.number) })
        if let undoneBy = choice.undoneBy {
            report.alreadyUndoneBy = UndoKey.name(undoneBy.number)
            return report
        }
        try store.read { reader in
            let target = try operations(of: choice.bundle, choice.undo, reader)
            let plan = UndoPlan(self, target, by: by, own: [], try UndonePast(reader))
            var next = 0
            while next < target.changes.count {
                let part = try plan.part(from: next, reader, &report)
                report.operations += Int64(part.drafts.count)
                next = part.next
            }
        }
        return report
    }

    private func operations(
        of bundle: String, _ undo: UndoRow?, _ reader: any CentralReader
    ) throws -> UndoTarget {
        try UndoTarget(bundle: bundle, undo: undo, reader)
    }

    /// Records the operations of an undo that are not recorded yet, as few transactions as possible, and ends it.
    private func carryOut(_ row: UndoRow) throws -> UndoReport {
        let (target, own, past) = try store.read { reader -> (UndoTarget, [OwnNumbers], UndonePast) in
            let undone = try reader.undos().first { $0.number == row.undoes }
            return (
                try operations(of: row.bundle, undone, reader), try UndoKey.numbers(of: row.number, reader),
                try UndonePast(reader)
            )
        }
        var report = UndoReport(bundle: row.bundle, undid: row.undoes.map(UndoKey.name))
        report.name = UndoKey.name(row.number)
        report.operations = own.reduce(0) { $0 + Int64($1.range.count) }
        let plan = UndoPlan(self, target, by: row.by, own: own, past)
        var (next, number) = (0, own.count)
        while next < target.changes.count {
            let part = try record(plan, from: next, key: UndoKey.key(row.number, part: number + 1), &report)
            report.operations += Int64(part.drafts.count)
            if !part.drafts.isEmpty { number += 1 }
            next = part.next
        }
        let done = report
        try store.write { writer in
            try writer.finishUndo(row.number, operations: done.operations)
            for (node, facts) in done.facts.sorted(by: { $0.key.text < $1.key.text }) {
                try writer.add(notice(done, row, facts), for: node)
            }
            try writer.add(
                EventRow(
                    time: Clock.now(), kind: "undo", bundle: row.bundle,
                    details: [
                        "undo": .optional(done.name), "undoes": .optional(done.undid), "by": .string(row.by),
                        "operations": .integer(done.operations), "kept": .integer(done.keptCount),
                    ]))
        }
        return report
    }

    /// Plans and records a part. What somebody else merges in between makes the plan anew.
    private func record(
        _ plan: UndoPlan, from start: Int, key: String, _ report: inout UndoReport
    ) throws -> UndoPlan.Part {
        for _ in 0..<Central.mostPlans {
            var planned = report
            var part = try store.read { try plan.part(from: start, $0, &planned) }
            guard !part.drafts.isEmpty else {
                report = planned
                return part
            }
            part.drafts[0].key = key
            let csn = part.csn
            do {
                _ = try recordAll([part.drafts]) { drafts, hand in
                    guard try hand.writer.cursor().csn == csn else { throw PlanIsOld() }
                    return drafts
                }[0].get()
            } catch is PlanIsOld { continue }
            report = planned
            return part
        }
        throw NightdropError(.tryAgain, "other changes keep coming in between; try again when the merge is done")
    }

    private struct PlanIsOld: Error {}
    private static let mostPlans = 20

    private func notice(_ report: UndoReport, _ row: UndoRow, _ facts: UndoReport.Facts) -> NoticeLine {
        let name = report.name ?? ""
        let others = facts.count > 1 ? " and \(facts.count - 1) more" : ""
        let text =
            row.undoes == nil
            ? "\(facts.entity) \(facts.id)\(others) from here: taken back at head office (\(name)). This till keeps its own."
            : "\(facts.entity) \(facts.id)\(others) from here: counted at head office again (\(name))."
        return NoticeLine(
            number: 0, kind: "undo", at: Clock.now(), entity: facts.entity, id: facts.id, seq: nil, text: text,
            state: .decided)
    }
}
