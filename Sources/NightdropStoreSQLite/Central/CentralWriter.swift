import GRDB
import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Writes central's store through its one writing connection, within a transaction.
struct SQLiteCentralWriter: CentralWriter, SQLiteReading {
    let db: Database

    func set(_ name: String, _ value: String) throws {
        let statement = try SQLStatement(db, "INSERT OR REPLACE INTO _setting VALUES (?, ?)")
        statement.bind(1, name)
        statement.bind(2, value)
        try statement.run()
    }

    func use(_ policy: Policy) throws {
        try noteCounters(policy)
        for entity in policy.entities { try setReach(of: entity) }
        // Also of what the policy no longer names.
        var names: [String] = []
        try rows("SELECT name FROM _entity") { names.append($0.text(0)) }
        for name in names { try setReach(of: policy.entity(name)) }
        let store = "(SELECT name FROM _store WHERE code = _record.store)"
        try EntityViews.replace(db, policy: policy, store: store) { name in
            "entity = \((try? entityCode(EntityPolicy(name: name))) ?? 0)"
        }
    }

    /// The code of an entity, which is added if it is new.
    func entityCode(_ entity: EntityPolicy) throws -> Int64 {
        let code = try first("SELECT code FROM _entity WHERE name = ?") {
            $0.bind(1, entity.name)
        } _: {
            $0.integer(0)
        }
        if let code { return code }
        let statement = try SQLStatement(db, "INSERT INTO _entity (name, reach) VALUES (?, ?)")
        statement.bind(1, entity.name)
        statement.bind(2, entity.reach)
        try statement.run()
        return db.lastInsertedRowID
    }

    /// The code of a store, which is added if it is new; 0 for none.
    func storeCode(_ name: String) throws -> Int64 {
        let code = try first("SELECT code FROM _store WHERE name = ?") {
            $0.bind(1, name)
        } _: {
            $0.integer(0)
        }
        if let code { return code }
        let statement = try SQLStatement(db, "INSERT INTO _store (name) VALUES (?)")
        statement.bind(1, name)
        try statement.run()
        return db.lastInsertedRowID
    }

    /// Records know whom they reach, so that a return bundle finds them by an index; a changed policy changes that.
    private func setReach(of entity: EntityPolicy) throws {
        let code = try entityCode(entity)
        let reach = try first("SELECT reach FROM _entity WHERE code = ?") {
            $0.bind(1, code)
        } _: {
            $0.text(0)
        }
        guard reach != entity.reach else { return }
        let value = entity.isFact ? "NULL" : entity.scope == .store ? "store" : "0"
        try db.execute(sql: "UPDATE _record SET reach = \(value) WHERE entity = ?", arguments: [code])
        try db.execute(sql: "UPDATE _entity SET reach = ? WHERE code = ?", arguments: [entity.reach, code])
    }

    func journal(_ author: RunAuthor, follows: JournalPosition?) throws -> JournalRow {
        let known = try first(JournalRow.select + " WHERE journal = ?") {
            $0.bind(1, author.journal.text)
        } _: {
            try JournalRow($0)
        }
        if let known { return known }
        let code = try first("SELECT coalesce(max(code), 0) + 1 FROM _journal") { $0.integer(0) } ?? 1
        let row = JournalRow(
            code: Int32(code), journal: author.journal, node: author.node, store: author.store,
            isCentral: author.isCentral, follows: follows)
        try update(row)
        return row
    }

    func update(_ journal: JournalRow) throws {
        let statement = try SQLStatement(
            db, "INSERT OR REPLACE INTO _journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        statement.bind(1, Int64(journal.code))
        statement.bind(2, journal.journal.text)
        statement.bind(3, journal.node.text)
        statement.bind(4, journal.store?.text)
        statement.bind(5, journal.isCentral)
        statement.bind(6, journal.follows?.journal.text)
        statement.bind(7, journal.follows?.seq)
        statement.bind(8, journal.follows?.hash.text)
        statement.bind(9, journal.seq)
        statement.bind(10, journal.hash.text)
        statement.bind(11, journal.segment)
        statement.bind(12, journal.segmentHash.text)
        statement.bind(13, journal.operations)
        statement.bind(14, journal.totals.json.compact)
        statement.bind(15, journal.sinceClose.json.compact)
        try statement.run()
    }

    func add(_ segment: SegmentRow) throws -> Int64 {
        let statement = try SQLStatement(
            db,
            "INSERT INTO _segment (journal, number, first, last, hash, file, offset, length, bundle, last_base) VALUES (?,?,?,?,?,?,?,?,?,?)"
        )
        statement.bind(1, Int64(segment.journal))
        statement.bind(2, segment.number)
        statement.bind(3, segment.first)
        statement.bind(4, segment.last)
        statement.bind(5, segment.hash.text)
        statement.bind(6, segment.file)
        statement.bind(7, segment.offset)
        statement.bind(8, segment.length)
        statement.bind(9, segment.bundle)
        statement.bind(10, segment.lastBase)
        try statement.run()
        return db.lastInsertedRowID
    }

    func setArchiveLength(_ file: String, _ length: Int64) throws {
        let statement = try SQLStatement(db, "INSERT OR REPLACE INTO _archive VALUES (?, ?)")
        statement.bind(1, file)
        statement.bind(2, length)
        try statement.run()
    }

    func put(_ terminal: TerminalRow) throws {
        let statement = try SQLStatement(
            db, "INSERT OR REPLACE INTO _terminal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        statement.bind(1, terminal.node.text)
        statement.bind(2, terminal.store.text)
        statement.bind(3, terminal.journal.text)
        statement.bind(4, terminal.enrolled)
        statement.bind(5, terminal.seen)
        statement.bind(6, terminal.cursor?.epoch.text)
        statement.bind(7, terminal.cursor?.csn)
        statement.bind(8, terminal.cursor?.transaction)
        statement.bind(9, terminal.pending)
        statement.bind(10, terminal.software)
        statement.bind(11, terminal.clock?.atLeast)
        statement.bind(12, terminal.clock?.atMost)
        statement.bind(13, terminal.coverage?.json.compact)
        statement.bind(14, terminal.subscription.map { Coverage.json(of: $0).compact })
        try statement.run()
    }

    func add(_ day: DayRow) throws {
        // A till may call two closes the same part: one that closed another day in between, or was restored from a backup.
        let statement = try SQLStatement(
            db,
            """
            INSERT INTO _day (node, day, part, received, operations, claimed, found, agrees) VALUES (?1, ?2,
            (SELECT coalesce(max(part), 0) + 1 FROM _day WHERE day = ?2 AND node = ?1), ?4, ?5, ?6, ?7, ?8)
            """)
        statement.bind(1, day.node.text)
        statement.bind(2, day.day)
        statement.bind(4, day.received)
        statement.bind(5, day.operations)
        statement.bind(6, day.claimed.json.compact)
        statement.bind(7, day.found.json.compact)
        statement.bind(8, day.agrees)
        try statement.run()
    }

    func addBundle(name: String, from node: NodeID, journal: Int32, at time: Int64) throws -> Int64 {
        let statement = try SQLStatement(db, "INSERT INTO _bundle (name, node, journal, at) VALUES (?, ?, ?, ?)")
        statement.bind(1, name)
        statement.bind(2, node.text)
        statement.bind(3, Int64(journal))
        statement.bind(4, time)
        try statement.run()
        return db.lastInsertedRowID
    }

    func add(_ event: EventRow) throws {
        let statement = try SQLStatement(
            db, "INSERT INTO _event (time, kind, node, bundle, details) VALUES (?, ?, ?, ?, ?)")
        statement.bind(1, event.time)
        statement.bind(2, event.kind)
        statement.bind(3, event.node)
        statement.bind(4, event.bundle)
        statement.bind(5, event.details.compact)
        try statement.run()
    }

    func endMergeTransaction(at time: Int64, policy: Int64?) throws -> NightdropModel.Cursor {
        let last = try lastCSN()
        let statement = try SQLStatement(
            db,
            """
            INSERT OR IGNORE INTO _merge (csn, id, at, policy, own) VALUES (?, ?, ?, ?, coalesce(
            (SELECT seq FROM _journal WHERE journal = (SELECT value FROM _setting WHERE name = 'journal')), 0))
            """)
        statement.bind(1, last)
        let id = String(UInt64.random(in: .min ... .max), radix: 16)
        statement.bind(2, String(repeating: "0", count: 16 - id.count) + id)
        statement.bind(3, time)
        statement.bind(4, policy)
        try statement.run()
        return try cursor()
    }

    func lastCSN() throws -> Int64 {
        try first("SELECT coalesce(max(csn), 0) FROM _change") { $0.integer(0) } ?? 0
    }
}

extension EntityPolicy {
    /// Whom its records reach, as the store remembers it.
    var reach: String { isFact ? "none" : scope == .store ? "store" : "all" }
}
