import GRDB
import NightdropFormats
import NightdropModel
import NightdropStore

/// Reads central's store through one connection.
struct SQLiteCentralReader: CentralReader, SQLiteReading {
    let db: Database
}

/// What reading and writing have in common.
protocol SQLiteReading: CentralReader {
    var db: Database { get }
}

extension SQLiteReading {
    func rows(_ sql: String, _ bind: (SQLStatement) -> Void = { _ in }, _ body: (SQLStatement) throws -> Void) throws {
        let statement = try SQLStatement(db, sql)
        bind(statement)
        defer { statement.reset() }
        while try statement.step() { try body(statement) }
    }

    func first<Value>(
        _ sql: String, _ bind: (SQLStatement) -> Void = { _ in }, _ body: (SQLStatement) throws -> Value
    ) throws -> Value? {
        let statement = try SQLStatement(db, sql)
        bind(statement)
        defer { statement.reset() }
        return try statement.step() ? try body(statement) : nil
    }

    func setting(_ name: String) throws -> String? {
        try first("SELECT value FROM _setting WHERE name = ?") {
            $0.bind(1, name)
        } _: {
            $0.text(0)
        }
    }

    func cursor() throws -> NightdropModel.Cursor {
        let last = try first("SELECT csn, id FROM _merge ORDER BY csn DESC LIMIT 1") { ($0.integer(0), $0.text(1)) }
        guard let epoch = try setting("epoch").flatMap(UniqueID.init), let last else {
            throw StoreError(.damaged, "the store has no epoch; it was not made by `nightdrop init central`")
        }
        return Cursor(epoch: epoch, csn: last.0, transaction: last.1)
    }

    func holds(_ cursor: NightdropModel.Cursor) throws -> Bool {
        try setting("epoch") == cursor.epoch.text && isTransaction(cursor)
    }

    func isTransaction(_ cursor: NightdropModel.Cursor) throws -> Bool {
        let id = try first("SELECT id FROM _merge WHERE csn = ?") {
            $0.bind(1, cursor.csn)
        } _: {
            $0.text(0)
        }
        return id == cursor.transaction
    }

    func transactions(after csn: Int64) throws -> [MergeTransaction] {
        var transactions: [MergeTransaction] = []
        try rows("SELECT csn, id FROM _merge WHERE csn > ? ORDER BY csn") {
            $0.bind(1, csn)
        } _: {
            transactions.append(MergeTransaction(csn: $0.integer(0), id: $0.text(1)))
        }
        return transactions
    }

    func ownSeq(at csn: Int64) throws -> Int64? {
        try first("SELECT own FROM _merge WHERE csn = ?") {
            $0.bind(1, csn)
        } _: {
            $0.optional(0)
        } ?? nil
    }

    func journals() throws -> [JournalRow] {
        var journals: [JournalRow] = []
        try rows(JournalRow.select + " ORDER BY code") { journals.append(try JournalRow($0)) }
        return journals
    }

    func journal(_ journal: UniqueID) throws -> JournalRow? {
        try first(JournalRow.select + " WHERE journal = ?") {
            $0.bind(1, journal.text)
        } _: {
            try JournalRow($0)
        }
    }

    func segment(journal: Int32, number: Int64) throws -> SegmentRow? {
        try first(SegmentRow.select + " WHERE journal = ? AND number = ?") {
            $0.bind(1, Int64(journal))
            $0.bind(2, number)
        } _: {
            try SegmentRow($0)
        }
    }

    func archiveLength(_ file: String) throws -> Int64 {
        try first("SELECT length FROM _archive WHERE file = ?") {
            $0.bind(1, file)
        } _: {
            $0.integer(0)
        } ?? 0
    }

    func terminals() throws -> [TerminalRow] {
        var terminals: [TerminalRow] = []
        try rows(TerminalRow.select + " ORDER BY node") { terminals.append(try TerminalRow($0)) }
        return terminals
    }

    func record(entity: String, store: String, id: String) throws -> RecordRow? {
        try first(RecordRow.select + " WHERE e.name = ? AND s.name = ? AND r.id = ?") {
            $0.bind(1, entity)
            $0.bind(2, store)
            $0.bind(3, id)
        } _: {
            RecordRow($0)
        }
    }

    func records(entity: String, _ body: (RecordRow) throws -> Void) throws {
        try rows(RecordRow.select + " WHERE e.name = ? AND r.lives ORDER BY r.store, r.id") {
            $0.bind(1, entity)
        } _: {
            try body(RecordRow($0))
        }
    }

    func conflict(_ number: Int64) throws -> ConflictRow? {
        try first(ConflictRow.select + " WHERE number = ?") {
            $0.bind(1, number)
        } _: {
            ConflictRow($0)
        }
    }

    func openConflicts() throws -> Int64 {
        try first("SELECT count(*) FROM _conflict WHERE state <> 'decided'") { $0.integer(0) } ?? 0
    }

    func days(through day: String?) throws -> [DayRow] {
        var days: [DayRow] = []
        try rows(DayRow.select + " WHERE day <= ? ORDER BY day, node, part") {
            $0.bind(1, day ?? "9999")
        } _: {
            days.append(try DayRow($0))
        }
        return days
    }

    func notices(for node: NodeID, after csn: Int64) throws -> [NoticeLine] {
        var notices: [NoticeLine] = []
        try rows(
            """
            SELECT number, kind, at, entity, id, seq, text, state FROM _notice WHERE node = ? AND csn > ?
            ORDER BY number
            """
        ) {
            $0.bind(1, node.text)
            $0.bind(2, csn)
        } _: {
            notices.append(
                NoticeLine(
                    number: $0.integer(0), kind: $0.text(1), at: $0.integer(2), entity: $0.text(3), id: $0.text(4),
                    seq: $0.optional(5), text: $0.text(6), state: $0.optionalText(7).flatMap(NoticeLine.State.init)))
        }
        return notices
    }
}
