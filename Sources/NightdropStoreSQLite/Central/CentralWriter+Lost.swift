import GRDB
import NightdropStore

extension SQLiteCentralWriter {
    func noteLost(journal: Int32, seq: Int64) throws -> Bool {
        let insert = try SQLStatement(db, "INSERT OR IGNORE INTO _lost (journal, seq) VALUES (?, ?)")
        insert.bind(1, Int64(journal))
        insert.bind(2, seq)
        try insert.run()
        return db.changesCount > 0
    }

    func lostConflicts(entity: String, store: String, id: String) throws -> [ConflictRow] {
        var conflicts: [ConflictRow] = []
        try rows(
            ConflictRow.select + " WHERE kind = 'lost' AND entity = ? AND store = ? AND id = ? ORDER BY number"
        ) {
            $0.bind(1, entity)
            $0.bind(2, store)
            $0.bind(3, id)
        } _: {
            conflicts.append(ConflictRow($0))
        }
        return conflicts
    }

    func put(lost row: ConflictRow) throws {
        let rid = try record(entity: row.entity, store: row.store, id: row.id)?.rid
        let statement = try SQLStatement(
            db,
            """
            INSERT OR REPLACE INTO _conflict (number, kind, state, rid, entity, store, id, field, base, central, incoming,
            node, "by", time, journal, seq, csn, rule, decided)
            VALUES (?, 'lost', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        statement.bind(1, row.number > 0 ? row.number : nil)
        statement.bind(2, row.state)
        statement.bind(3, rid)
        statement.bind(4, row.entity)
        statement.bind(5, row.store)
        statement.bind(6, row.id)
        statement.bind(7, row.field)
        statement.bind(8, row.base)
        statement.bind(9, row.central)
        statement.bind(10, row.incoming)
        statement.bind(11, row.node)
        statement.bind(12, row.by)
        statement.bind(13, row.time)
        statement.bind(14, Int64(row.journal))
        statement.bind(15, row.seq)
        statement.bind(16, row.csn)
        statement.bind(17, row.rule)
        statement.bind(18, row.decided)
        try statement.run()
        // A merge looks for conflicts only where this says that there are some.
        let mark = try SQLStatement(db, "UPDATE _record SET conflicts = 1 WHERE rid = ?")
        mark.bind(1, rid)
        try mark.run()
    }
}
