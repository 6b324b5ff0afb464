import GRDB
import NightdropFormats
import NightdropModel
import NightdropStore

extension TerminalDatabase {
    /// Makes operations of the terminal's own journal pending again, which a receipt had covered and a newer one does not:
    /// central was restored from a backup. What is shown does not change. Those that are pending stay so.
    public func pendAgain(
        journal: UniqueID, _ lines: UnsafeRawBufferPointer, _ operations: [ScannedOperation]
    ) throws {
        try write { db in
            let position = try SQLStatement(db, "SELECT journal, journal_code, seq FROM _terminal")
            defer { position.reset() }
            guard try position.step(), position.optionalText(0) == journal.text else { return }
            let (code, last) = (position.integer(1), position.integer(2))
            position.reset()
            for operation in operations where operation.seq <= last { try pend(operation, lines, code, db) }
            // Nobody may count on what he has read before.
            try SQLStatement(db, "UPDATE _terminal SET generation = generation + 1").run()
        }
    }

    private func pend(
        _ operation: ScannedOperation, _ lines: UnsafeRawBufferPointer, _ journal: Int64, _ db: Database
    ) throws {
        let entity = try EntityCodes.code(of: lines[operation.entity].text, in: db)
        let rid =
            try record(entity, JSONString.unescaped(lines[operation.id]), in: db) ?? make(operation, lines, entity, db)
        let insert = try SQLStatement(
            db, "INSERT OR IGNORE INTO _pending (journal, seq, rid, line) VALUES (?, ?, ?, ?)")
        insert.bind(1, journal)
        insert.bind(2, operation.seq)
        insert.bind(3, rid)
        insert.bind(4, bytes: lines[operation.line])
        try insert.run()
        guard db.changesCount > 0 else { return }
        // Nothing lies under a create; what lies under anything else is told by the snapshot that follows.
        let update = try SQLStatement(
            db,
            """
            UPDATE _record SET pending = pending + 1,
                confirmed = CASE WHEN pending > 0 THEN confirmed WHEN ?1 THEN NULL ELSE data END,
                confirmed_lives = CASE WHEN pending > 0 THEN confirmed_lives WHEN ?1 THEN NULL ELSE lives END
            WHERE rid = ?2
            """)
        update.bind(1, operation.action == .create)
        update.bind(2, rid)
        try update.run()
        let count = try SQLStatement(
            db, "UPDATE _entity SET pending = pending + 1, synced = max(synced - 1, 0) WHERE code = ?")
        count.bind(1, entity)
        try count.run()
    }

    private func record(_ entity: Int64, _ id: String, in db: Database) throws -> Int64? {
        let find = try SQLStatement(db, "SELECT rid FROM _record WHERE entity = ? AND id = ?")
        find.bind(1, entity)
        find.bind(2, id)
        defer { find.reset() }
        return try find.step() ? find.integer(0) : nil
    }

    /// The record of an operation whose record central had taken away.
    private func make(
        _ operation: ScannedOperation, _ lines: UnsafeRawBufferPointer, _ entity: Int64, _ db: Database
    ) throws -> Int64 {
        let state = RecordState.after(operation, on: nil, lines)
        let insert = try SQLStatement(
            db, "INSERT INTO _record (entity, id, lives, pending, data) VALUES (?, ?, ?, 0, ?)")
        try state.data.withUnsafeBytes { data in
            insert.bind(1, entity)
            insert.bind(2, JSONString.unescaped(lines[operation.id]))
            insert.bind(3, state.lives)
            insert.bind(4, bytes: data)
            try insert.run()
        }
        return db.lastInsertedRowID
    }
}
