import NightdropFormats
import NightdropStore

extension SQLiteReading {
    /// So many problems of a sort are named; who has more has read enough.
    private var most: Int { 20 }

    func integrityProblems() throws -> [String] {
        var problems: [String] = []
        try rows("PRAGMA integrity_check(\(most))") { row in
            let text = row.text(0)
            if text != "ok" { problems.append(text) }
        }
        return problems
    }

    func logProblems() throws -> [String] {
        var problems: [String] = []
        func find(_ sql: String, _ text: (SQLStatement) -> String) throws {
            try rows(sql + " LIMIT \(most)") { problems.append(text($0)) }
        }
        try find(
            """
            SELECT c.csn + 1 FROM (SELECT 0 AS csn UNION ALL SELECT csn FROM _change) c
            WHERE c.csn < (SELECT max(csn) FROM _change) AND NOT EXISTS (SELECT 1 FROM _change n WHERE n.csn = c.csn + 1)
            """
        ) { "the change log lacks change \($0.integer(0))" }
        try find("SELECT csn FROM _merge WHERE csn > (SELECT coalesce(max(csn), 0) FROM _change)") {
            "the change log ends before change \($0.integer(0)), which a merge has made"
        }
        try find("SELECT max(csn) FROM _change HAVING max(csn) > (SELECT max(csn) FROM _merge)") {
            "change \($0.integer(0)) belongs to no merge"
        }
        try find("SELECT csn FROM _change WHERE segment NOT IN (SELECT id FROM _segment)") {
            "change \($0.integer(0)) stands in a segment that the store does not know"
        }
        try find(
            """
            SELECT c.csn FROM _change c LEFT JOIN _change p ON p.csn = c.previous
            WHERE c.previous IS NOT NULL AND (p.rid IS NOT c.rid OR p.csn >= c.csn)
            """
        ) { "change \($0.integer(0)) names one before that is not of its record" }
        try find(
            """
            SELECT e.name, r.id FROM _record r JOIN _entity e ON e.code = r.entity
            LEFT JOIN _change c ON c.csn = r.head WHERE c.rid IS NOT r.rid OR r.csn > r.head
            """
        ) { "\($0.text(0)) \($0.text(1)) is not what the last change about it left" }
        // Each change leads to another one of its record, all but one to one before: so they are a chain.
        try find(
            """
            SELECT g.rid, e.name, r.id FROM (
                SELECT rid, max(csn) AS last, sum(previous IS NULL) AS starts, count(*) AS all_, count(DISTINCT previous) AS links
                FROM _change WHERE rid IS NOT NULL GROUP BY rid) g
            LEFT JOIN _record r ON r.rid = g.rid LEFT JOIN _buried b ON b.rid = g.rid LEFT JOIN _entity e ON e.code = r.entity
            WHERE coalesce(r.head, b.head) IS NOT g.last OR g.starts <> 1 OR g.links <> g.all_ - 1
            """
        ) { row in
            let name = row.optionalText(2).map { "\(row.text(1)) \($0)" } ?? "record number \(row.integer(0))"
            return "some change of \(name) cannot be reached from its last one"
        }
        try find(
            """
            SELECT s.file, s.offset, s.length FROM _segment s LEFT JOIN _archive a ON a.file = s.file
            WHERE s.file IS NOT NULL AND s.offset + s.length > coalesce(a.length, 0)
            """
        ) { "\($0.text(0)): the bytes from \($0.integer(1)) on do not count, but hold a segment" }
        return problems
    }

    func segments(_ body: (SegmentRow) throws -> Void) throws {
        try rows(SegmentRow.select + " ORDER BY journal, number") { try body(SegmentRow($0)) }
    }

    func changes(_ body: (LoggedChange, Bool) throws -> Void) throws {
        try rows("SELECT csn, rid, segment, offset, previous FROM _change ORDER BY csn") {
            try body(LoggedChange($0), $0.isNull(4))
        }
    }

    func logSize() throws -> (changes: Int64, segments: Int64) {
        try first("SELECT (SELECT coalesce(max(csn), 0) FROM _change), (SELECT count(*) FROM _segment)") {
            ($0.integer(0), $0.integer(1))
        } ?? (0, 0)
    }

    func balances(entity: String, _ body: (RecordRow) throws -> Void) throws {
        try rows(RecordRow.select + " WHERE e.name = ?") {
            $0.bind(1, entity)
        } _: {
            try body(RecordRow($0))
        }
    }

    func records(beforeCounter field: String, of entity: String) throws -> Int64 {
        try setting(CounterSetting.name(field, entity)).flatMap { Int64($0) } ?? 0
    }

    func ledger() throws -> any CounterLedger { try TemporaryLedger() }
}

/// Since when a field is a counter: the highest number of a record that is older.
enum CounterSetting {
    static let prefix = "counter:"

    static func name(_ field: String, _ entity: String) -> String { "\(prefix)\(entity).\(field)" }
}
