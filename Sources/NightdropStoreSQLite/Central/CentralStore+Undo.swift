import GRDB
import NightdropFormats
import NightdropModel
import NightdropStore

extension SQLiteReading {
    func bundles(named name: String) throws -> [BundleRow] {
        var bundles: [BundleRow] = []
        try rows(BundleRow.select + " WHERE name = ? ORDER BY id") {
            $0.bind(1, name)
        } _: {
            bundles.append(BundleRow($0))
        }
        return bundles
    }

    func segments(ofBundle id: Int64) throws -> [SegmentRow] {
        var segments: [SegmentRow] = []
        try rows(SegmentRow.select + " WHERE bundle = ? ORDER BY id") {
            $0.bind(1, id)
        } _: {
            segments.append(try SegmentRow($0))
        }
        return segments
    }

    func buried(rid: Int64) throws -> RecordRow? {
        try first(
            """
            SELECT e.name, s.name, b.id, b.head FROM _buried b JOIN _entity e ON e.code = b.entity
            JOIN _store s ON s.code = b.store WHERE b.rid = ?
            """
        ) {
            $0.bind(1, rid)
        } _: {
            RecordRow(
                rid: rid, entity: $0.text(0), store: $0.text(1), id: $0.text(2), csn: $0.integer(3), lives: false,
                fields: [])
        }
    }

    func undos() throws -> [UndoRow] {
        var undos: [UndoRow] = []
        try rows("SELECT number, bundle, undoes, \"by\", at, state, operations FROM _undo ORDER BY number") { row in
            var undo = UndoRow(
                bundle: row.text(1), undoes: row.optional(2), by: row.text(3), at: row.integer(4))
            undo.number = row.integer(0)
            undo.isDone = row.text(5) == "done"
            undo.operations = row.integer(6)
            undos.append(undo)
        }
        return undos
    }

    func changes(after csn: Int64, _ body: (LoggedChange) throws -> Bool) throws {
        let statement = try SQLStatement(
            db, "SELECT csn, rid, segment, offset FROM _change WHERE csn > ? ORDER BY csn")
        statement.bind(1, csn)
        defer { statement.reset() }
        while try statement.step() {
            guard try body(LoggedChange(statement)) else { return }
        }
    }
}

extension SQLiteCentralWriter {
    func begin(_ undo: UndoRow) throws -> Int64 {
        let insert = try SQLStatement(
            db, "INSERT INTO _undo (bundle, undoes, \"by\", at, state) VALUES (?, ?, ?, ?, 'running')")
        insert.bind(1, undo.bundle)
        insert.bind(2, undo.undoes)
        insert.bind(3, undo.by)
        insert.bind(4, undo.at)
        try insert.run()
        return db.lastInsertedRowID
    }

    func finishUndo(_ number: Int64, operations: Int64) throws {
        let update = try SQLStatement(db, "UPDATE _undo SET state = 'done', operations = ? WHERE number = ?")
        update.bind(1, operations)
        update.bind(2, number)
        try update.run()
    }

    func add(_ notice: NoticeLine, for node: NodeID) throws {
        let insert = try SQLStatement(
            db,
            "INSERT INTO _notice (node, csn, kind, at, entity, id, seq, text, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        insert.bind(1, node.text)
        insert.bind(2, try lastCSN())
        insert.bind(3, notice.kind)
        insert.bind(4, notice.at)
        insert.bind(5, notice.entity)
        insert.bind(6, notice.id)
        insert.bind(7, notice.seq)
        insert.bind(8, notice.text)
        insert.bind(9, notice.state?.rawValue)
        try insert.run()
    }
}
