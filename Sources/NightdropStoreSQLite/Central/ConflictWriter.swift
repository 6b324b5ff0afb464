import GRDB
import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Writes what a merge found in conflict, and what it settled, and tells the tills concerned.
struct ConflictWriter {
    private let writer: SQLiteCentralWriter
    private let merger: BatchMerger
    private let context: MergeContext

    init(_ writer: SQLiteCentralWriter, _ merger: BatchMerger, _ context: MergeContext) {
        self.writer = writer
        self.merger = merger
        self.context = context
    }

    /// Returns the number of conflicts by run.
    func write() throws -> [Int64] {
        var counts = [Int64](repeating: 0, count: merger.batch.runs.count)
        for conflict in merger.conflicts {
            guard let run = merger.batch.run(of: conflict.operation),
                let author = context.authors[context.runCodes[run]]
            else { continue }
            counts[run] += 1
            let row = row(conflict, merger.batch.runs[run].text.buffer, author)
            try store(row, conflict)
            try notify(row, conflict, author)
        }
        try settle()
        return counts
    }

    private func row(_ conflict: MergeConflict, _ text: Bytes, _ author: MergeAuthor) -> ConflictRow {
        let operation = merger.batch.operations[conflict.operation]
        let key = merger.batch.index.slots[
            Int(conflict.slot >= 0 ? conflict.slot : merger.batch.slotOf[conflict.operation])]
        var row = ConflictRow(
            kind: conflict.kind.rawValue, state: conflict.state.rawValue,
            entity: merger.batch.entities[Int(key.entity)].policy.name, store: merger.batch.stores[Int(key.store)],
            id: JSONString.unescaped(key.id), node: author.node, time: operation.time.milliseconds,
            journal: author.code,
            seq: operation.seq, csn: context.firstCSN + Int64(conflict.operation), rule: conflict.rule)
        row.field = conflict.field.isEmpty ? nil : JSONString.unescaped(conflict.field)
        row.base = conflict.base.isEmpty ? nil : conflict.base.text
        row.central = conflict.central.isEmpty ? nil : conflict.central.text
        row.centralNode = conflict.centralClock.flatMap { context.authors[$0.author]?.node }
        row.centralTime = conflict.centralClock?.time.milliseconds
        row.incoming = conflict.incoming.isEmpty ? nil : conflict.incoming.text
        row.by = operation.by.isPresent ? JSONString.unescaped(text[operation.by]) : nil
        row.decided = conflict.decided.isEmpty ? nil : conflict.decided.text
        row.reason = conflict.reason
        return row
    }

    private func store(_ row: ConflictRow, _ conflict: MergeConflict) throws {
        if conflict.number > 0 {
            let update = try SQLStatement(
                writer.db,
                """
                UPDATE _conflict SET state = ?, central = ?, central_node = ?, central_time = ?, incoming = ?, node = ?,
                "by" = ?, time = ?, journal = ?, seq = ?, csn = ?, rule = ?, reason = ?, decided = coalesce(?, decided)
                WHERE number = ?
                """)
            update.bind(1, row.state)
            update.bind(2, row.central)
            update.bind(3, row.centralNode)
            update.bind(4, row.centralTime)
            update.bind(5, row.incoming)
            update.bind(6, row.node)
            update.bind(7, row.by)
            update.bind(8, row.time)
            update.bind(9, Int64(row.journal))
            update.bind(10, row.seq)
            update.bind(11, row.csn)
            update.bind(12, row.rule)
            update.bind(13, row.reason)
            update.bind(14, row.decided)
            update.bind(15, conflict.number)
            return try update.run()
        }
        let insert = try SQLStatement(
            writer.db,
            """
            INSERT INTO _conflict (kind, state, rid, entity, store, id, field, base, central, central_node, central_time,
            incoming, node, "by", time, journal, seq, csn, rule, decided, reason)
            VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
            """)
        insert.bind(1, row.kind)
        insert.bind(2, row.state)
        insert.bind(3, conflict.slot >= 0 ? merger.records[Int(conflict.slot)].rid : nil)
        insert.bind(4, row.entity)
        insert.bind(5, row.store)
        insert.bind(6, row.id)
        insert.bind(7, row.field)
        insert.bind(8, row.base)
        insert.bind(9, row.central)
        insert.bind(10, row.centralNode)
        insert.bind(11, row.centralTime)
        insert.bind(12, row.incoming)
        insert.bind(13, row.node)
        insert.bind(14, row.by)
        insert.bind(15, row.time)
        insert.bind(16, Int64(row.journal))
        insert.bind(17, row.seq)
        insert.bind(18, row.csn)
        insert.bind(19, row.rule)
        insert.bind(20, row.decided)
        insert.bind(21, row.reason)
        try insert.run()
    }

    /// The till whose operation came in learns of every conflict; the one whose value was replaced learns of that.
    private func notify(_ row: ConflictRow, _ conflict: MergeConflict, _ author: MergeAuthor) throws {
        let row = hidingValues(of: row)
        if !author.isCentral {
            try addNotice(to: author.node, row, seq: row.seq, NoticeText.toAuthor(row))
        }
        guard conflict.state == .decided, let loser = conflict.centralClock.flatMap({ context.authors[$0.author] }),
            !loser.isCentral, loser.code != author.code, let decided = row.decided, decided != row.central,
            conflict.kind != .duplicate
        else { return }
        try addNotice(to: loser.node, row, seq: nil, NoticeText.toReplaced(row))
    }

    /// Notices lie about in more places than the record does.
    private func hidingValues(of row: ConflictRow) -> ConflictRow { row.hidingSensitive(policy(row.entity)) }

    private func policy(_ entity: String) -> EntityPolicy {
        merger.batch.entities.first { $0.policy.name == entity }?.policy ?? EntityPolicy(name: entity)
    }

    private func addNotice(to node: String, _ row: ConflictRow, seq: Int64?, _ text: String) throws {
        let insert = try SQLStatement(
            writer.db,
            "INSERT INTO _notice (node, csn, kind, at, entity, id, seq, text, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        insert.bind(1, node)
        insert.bind(2, row.csn)
        insert.bind(3, row.kind)
        insert.bind(4, context.now)
        insert.bind(5, row.entity)
        insert.bind(6, row.id)
        insert.bind(7, seq)
        insert.bind(8, text)
        // A conflict that is reopened waits, too.
        let state: NoticeLine.State = row.state == ConflictState.decided.rawValue ? .decided : .open
        insert.bind(9, state.rawValue)
        try insert.run()
    }

    private func settle() throws {
        let byRule = try SQLStatement(
            writer.db, "UPDATE _conflict SET state = 'decided', decided = ?, rule = 'a later change' WHERE number = ?")
        let byPerson = try SQLStatement(
            writer.db,
            """
            UPDATE _conflict SET state = 'decided', decided = coalesce(?, decided), decided_by = ?, decided_at = ?, revision = revision + 1 WHERE number = ?
            """)
        for closure in merger.closures {
            guard let row = try writer.conflict(closure.number) else { continue }
            guard closure.byPerson, let run = merger.batch.run(of: closure.operation) else {
                byRule.bind(1, bytes: closure.decided)
                byRule.bind(2, closure.number)
                try byRule.run()
                var settled = row
                settled.decided = closure.decided.isEmpty ? nil : closure.decided.text
                try tell(settled, closure, NoticeText.resolved(hidingValues(of: settled), person: nil))
                continue
            }
            let decision = PersonsDecision(merger, closure, merger.batch.runs[run].text.buffer, about: row)
            byPerson.bind(1, decision.decided)
            byPerson.bind(2, decision.person)
            byPerson.bind(3, merger.batch.operations[closure.operation].time.milliseconds)
            byPerson.bind(4, closure.number)
            try byPerson.run()
            try tell(row, closure, decision.notice(policy(row.entity)))
        }
    }

    /// The till whose value was in conflict learns what stands now. While something else of its doing about the record waits,
    /// that is what the notice is filed under.
    private func tell(_ row: ConflictRow, _ closure: ConflictClosure, _ text: String) throws {
        guard row.node != centralNode else { return }
        let select = try SQLStatement(
            writer.db,
            """
            SELECT kind FROM _conflict WHERE entity = ? AND store = ? AND id = ? AND node = ? AND state <> 'decided'
            ORDER BY number DESC LIMIT 1
            """)
        select.bind(1, row.entity)
        select.bind(2, row.store)
        select.bind(3, row.id)
        select.bind(4, row.node)
        var told = row
        told.csn = context.firstCSN + Int64(closure.operation)
        let isWaiting = try select.step()
        told.kind = isWaiting ? select.text(0) : "resolved"
        told.state = (isWaiting ? ConflictState.open : .decided).rawValue
        select.reset()
        try addNotice(to: row.node, told, seq: row.seq, text)
    }

    private var centralNode: String? { context.authors.values.first { $0.isCentral }?.node }
}
