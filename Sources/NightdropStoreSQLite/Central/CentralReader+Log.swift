import NightdropFormats
import NightdropStore

extension SQLiteReading {
    /// Goes through events and changes from their ends, so that a small limit costs little, whatever the log holds.
    func log(_ filter: LogFilter, limit: Int) throws -> [LogPlace] {
        let events = try EventsBackwards(self, filter)
        let changes = try ChangesBackwards(self, filter)
        var places: [LogPlace] = []
        var event = try events.next()
        var change = try changes.next()
        while places.count < limit, event != nil || change != nil {
            // The event that tells of a merge comes behind what was merged.
            if let next = event, next.time >= change?.time ?? .min {
                places.append(.event(next.id))
                event = try events.next()
            } else if let next = change {
                places.append(.change(next.csn, at: next.time))
                change = try changes.next()
            }
        }
        events.end()
        changes.end()
        return places
    }

    func events(limit: Int) throws -> [EventRow] {
        var events: [EventRow] = []
        try rows(EventRow.select + " ORDER BY id DESC LIMIT ?") {
            $0.bind(1, Int64(limit))
        } _: {
            events.append(EventRow($0))
        }
        return events
    }
}

/// Events, latest first.
private struct EventsBackwards {
    private let statement: SQLStatement?

    init(_ reader: some SQLiteReading, _ filter: LogFilter) throws {
        guard filter.events, filter.entity == nil else {
            statement = nil
            return
        }
        var wheres: [String] = []
        if filter.since != nil { wheres.append("time >= ?1") }
        if filter.node != nil { wheres.append("node = ?2") }
        let filters = wheres.isEmpty ? "" : "WHERE " + wheres.joined(separator: " AND ")
        let statement = try SQLStatement(reader.db, "SELECT id, time FROM _event \(filters) ORDER BY id DESC")
        if let since = filter.since { statement.bind(1, since) }
        if let node = filter.node { statement.bind(2, node) }
        self.statement = statement
    }

    func next() throws -> (id: Int64, time: Int64)? {
        guard let statement, try statement.step() else { return nil }
        return (statement.integer(0), statement.integer(1))
    }

    func end() { statement?.reset() }
}

/// Changes, latest first, each with the time of its merge.
private struct ChangesBackwards {
    private let statement: SQLStatement?

    init(_ reader: some SQLiteReading, _ filter: LogFilter) throws {
        guard filter.changes else {
            statement = nil
            return
        }
        var joins = ""
        var wheres: [String] = []
        if filter.since != nil { wheres.append("c.csn > ?1") }
        if filter.node != nil {
            joins += " CROSS JOIN _segment s ON s.id = c.segment"
            wheres.append("s.journal IN (SELECT code FROM _journal WHERE node = ?2)")
        }
        if filter.entity != nil {
            joins += " LEFT JOIN _record r ON r.rid = c.rid LEFT JOIN _buried b ON b.rid = c.rid"
            wheres.append("coalesce(r.entity, b.entity) = (SELECT code FROM _entity WHERE name = ?3)")
        }
        let filters = wheres.isEmpty ? "" : "WHERE " + wheres.joined(separator: " AND ")
        // CROSS JOIN keeps SQLite to this order of the tables, so that the log is gone through from its end.
        let statement = try SQLStatement(
            reader.db,
            """
            SELECT c.csn, (SELECT at FROM _merge m WHERE m.csn >= c.csn ORDER BY m.csn LIMIT 1)
            FROM _change c \(joins) \(filters) ORDER BY c.csn DESC
            """)
        if let since = filter.since {
            // The first transaction at or after the time holds the changes behind the one before it.
            statement.bind(1, try reader.lastChange(at: since - 1))
        }
        if let node = filter.node { statement.bind(2, node) }
        if let entity = filter.entity { statement.bind(3, entity) }
        self.statement = statement
    }

    func next() throws -> (csn: Int64, time: Int64)? {
        guard let statement, try statement.step() else { return nil }
        return (statement.integer(0), statement.integer(1))
    }

    func end() { statement?.reset() }
}

extension EventRow {
    static let select = "SELECT time, kind, node, bundle, details FROM _event"

    init(_ row: SQLStatement) {
        self.init(
            time: row.integer(0), kind: row.text(1), node: row.optionalText(2), bundle: row.optionalText(3),
            details: (try? JSONValue.parse(row.text(4))) ?? [:])
    }
}
