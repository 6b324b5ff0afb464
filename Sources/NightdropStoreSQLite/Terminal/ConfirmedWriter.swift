import GRDB
import NightdropFormats
import NightdropModel
import NightdropStore

/// Changes what lies confirmed under the terminal's own operations, within a transaction.
struct ConfirmedWriter {
    /// The records whose visible state changed.
    private(set) var changed: Int64 = 0
    private let db: Database
    private let terms: ReturnTerms
    private let run: Int64
    /// The code of the journal that the receipt is about; nil if the store does not follow it.
    private let journalCode: Int64?
    private var left: [Int64: Int64] = [:]

    private struct Row {
        let rid: Int64
        let entity: Int64
        var visible: RecordState
        var pending: Int64
        /// What central has confirmed; nil if nothing is.
        var confirmed: RecordState?
    }

    init(_ db: Database, _ terms: ReturnTerms, run: Int64) throws {
        self.db = db
        self.terms = terms
        self.run = run
        let position = try SQLStatement(db, "SELECT journal, journal_code FROM _terminal")
        defer { position.reset() }
        let isFollowed = try position.step() && position.optionalText(0) == terms.receipt.position.journal.text
        journalCode = isFollowed ? position.integer(1) : nil
    }

    /// Applies a line of changes.
    mutating func apply(_ line: ChangeLine, in lines: UnsafeRawBufferPointer) throws {
        let name = lines[line.entity].text
        let entity = try EntityCodes.code(of: name, in: db)
        let id = JSONString.unescaped(lines[line.id])
        let row = try find("entity = ? AND id = ?") {
            $0.bind(1, entity)
            $0.bind(2, id)
        }
        if line.isGone {
            if let row { try replace(row, confirmed: nil) }
            return
        }
        var confirmed = terms.isSnapshot || terms.whole.contains(name) ? nil : row?.confirmed
        confirmed = RecordState(
            data: line.set.isPresent
                ? FieldMerge.setting(confirmed?.data ?? RecordState.noFields, lines, line.set)
                : confirmed?.data ?? RecordState.noFields,
            lives: line.lives ?? confirmed?.lives ?? true, csn: line.csn)
        if let row {
            try replace(row, confirmed: confirmed)
        } else if let confirmed {
            let store = line.store.isPresent ? JSONString.unescaped(lines[line.store]) : nil
            try insert(entity, id, store: store, confirmed)
        }
    }

    /// Takes the confirmed state from the records behind a row that are of an entity which is sent whole, and were not in
    /// it. Returns the last row looked at; nil once there are no more.
    ///
    /// What the terminal wrote itself stays where central does not return the entity; where it does, central has it or has
    /// deleted it.
    mutating func removeStale(behind rid: Int64, limit: Int) throws -> Int64? {
        let whole = terms.isSnapshot ? nil : try Set(terms.whole.map { try EntityCodes.code(of: $0, in: db) })
        var last: Int64?
        var stale: [Int64] = []
        var returned: [Int64: Bool] = [:]
        let rows = try SQLStatement(
            db,
            """
            SELECT rid, entity, csn IS NOT NULL FROM _record WHERE rid > ? AND snapshot IS NOT ? ORDER BY rid LIMIT ?
            """)
        rows.bind(1, rid)
        rows.bind(2, run)
        rows.bind(3, Int64(limit))
        while try rows.step() {
            last = rows.integer(0)
            let entity = rows.integer(1)
            guard whole?.contains(entity) ?? true else { continue }
            if returned[entity] == nil { returned[entity] = try isReturned(entity) }
            if rows.integer(2) != 0 || returned[entity] == true { stale.append(rows.integer(0)) }
        }
        rows.reset()
        for rid in stale {
            if let row = try find("rid = ?", { $0.bind(1, rid) }) { try replace(row, confirmed: nil) }
        }
        return last
    }

    /// Takes all covered operations from the top. What central returns shows as it returned it; facts, and what the
    /// terminal does not receive, are confirmed as they are.
    mutating func removeCovered(factsOnly: Bool = false) throws {
        guard let journalCode else { return }
        var records: [Int64] = []
        let rows = try SQLStatement(db, "SELECT DISTINCT rid FROM _pending WHERE journal = ? AND seq <= ?")
        rows.bind(1, journalCode)
        rows.bind(2, terms.receipt.position.seq)
        while try rows.step() { records.append(rows.integer(0)) }
        rows.reset()
        var returned: [Int64: Bool] = [:]
        for rid in records {
            guard let row = try find("rid = ?", { $0.bind(1, rid) }) else { continue }
            if returned[row.entity] == nil { returned[row.entity] = try isReturned(row.entity) }
            if returned[row.entity] != true {
                try confirmAsIs(row)
            } else if !factsOnly {
                try replace(row, confirmed: row.confirmed)
            }
        }
    }

    /// Writes the receipt, the notices, the policy and the cursor.
    func conclude() throws {
        // A new epoch counts notices anew, and its first snapshot brings all of them.
        let forget = try SQLStatement(db, "DELETE FROM _notice WHERE (SELECT epoch FROM _terminal) <> ?")
        forget.bind(1, terms.reach.epoch.text)
        try forget.run()
        let move = try SQLStatement(
            db,
            """
            UPDATE _terminal SET epoch = ?, csn = ?, merge = ?, receipt = ?, policy = coalesce(?, policy),
                coverage = ?, seen = max(seen, ?), exchanged = ?, error = NULL
            """)
        move.bind(1, terms.reach.epoch.text)
        move.bind(2, terms.reach.csn)
        move.bind(3, terms.reach.transaction)
        move.bind(4, terms.receipt.json.compact)
        move.bind(5, terms.policyText)
        move.bind(6, terms.coverage.json.compact)
        move.bind(7, terms.created)
        move.bind(8, terms.now)
        try move.run()
        try addNotices()
        if terms.policyText != nil { try TerminalViews.replace(db, terms.policy) }
        let history = try SQLStatement(
            db, "INSERT INTO _history (at, kind, bundle, details) VALUES (?, 'applied', ?, ?)")
        history.bind(1, terms.now)
        history.bind(2, terms.bundle)
        history.bind(3, terms.reach.json.compact)
        try history.run()
    }

    /// Writes the receipt and the notices alone: the cursor stays where it is.
    func concludeReceipt() throws {
        let take = try SQLStatement(
            db, "UPDATE _terminal SET receipt = ?, seen = max(seen, ?), exchanged = ?, error = NULL")
        take.bind(1, terms.receipt.json.compact)
        take.bind(2, terms.created)
        take.bind(3, terms.now)
        try take.run()
        try addNotices()
        let history = try SQLStatement(db, "INSERT INTO _history (at, kind, bundle, details) VALUES (?, 'held', ?, ?)")
        history.bind(1, terms.now)
        history.bind(2, terms.bundle)
        history.bind(3, terms.reach.json.compact)
        try history.run()
    }

    /// Writes the counts, and tells other connections that confirmed records changed.
    func finishBatch() throws {
        let count = try SQLStatement(db, "UPDATE _entity SET pending = pending - ?, synced = synced + ? WHERE code = ?")
        for (entity, number) in left {
            count.bind(1, number)
            count.bind(2, number)
            count.bind(3, entity)
            try count.run()
        }
        try SQLStatement(db, "UPDATE _terminal SET generation = generation + 1").run()
    }

    // MARK: Records

    private func find(_ condition: String, _ bind: (SQLStatement) -> Void) throws -> Row? {
        let statement = try SQLStatement(
            db,
            """
            SELECT rid, entity, data, lives, csn, pending, confirmed, confirmed_lives FROM _record WHERE \(condition)
            """)
        bind(statement)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        let csn = statement.optional(4)
        let pending = statement.integer(5)
        let visible = RecordState(data: Array(statement.bytes(2)), lives: statement.integer(3) != 0, csn: csn)
        var confirmed: RecordState?
        if pending == 0 {
            confirmed = visible
        } else if !statement.isNull(6) {
            confirmed = RecordState(data: Array(statement.bytes(6)), lives: statement.integer(7) != 0, csn: csn)
        }
        return Row(
            rid: statement.integer(0), entity: statement.integer(1), visible: visible, pending: pending,
            confirmed: confirmed)
    }

    /// Puts what is not covered of a record's operations on top of a new confirmed state.
    private mutating func replace(_ row: Row, confirmed: RecordState?) throws {
        var visible = confirmed
        let pending = try removeCovered(of: row) { line, operation in
            visible = RecordState.after(operation, on: visible, line)
        }
        if visible?.data != row.visible.data || visible?.lives != row.visible.lives { changed += 1 }
        guard let visible else {
            let delete = try SQLStatement(db, "DELETE FROM _record WHERE rid = ?")
            delete.bind(1, row.rid)
            return try delete.run()
        }
        try update(row.rid, visible, pending: pending, confirmed: pending > 0 ? confirmed : nil, csn: confirmed?.csn)
    }

    private mutating func confirmAsIs(_ row: Row) throws {
        var before = row.confirmed
        let all = try SQLStatement(
            db, "SELECT line FROM _pending WHERE journal = ? AND rid = ? AND seq <= ? ORDER BY seq")
        all.bind(1, journalCode)
        all.bind(2, row.rid)
        all.bind(3, terms.receipt.position.seq)
        while try all.step() {
            let line = all.bytes(0)
            before = RecordState.after(try OperationScanner.scan(line, 0..<line.count), on: before, line)
        }
        all.reset()
        let pending = try removeCovered(of: row) { _, _ in }
        try update(row.rid, row.visible, pending: pending, confirmed: pending > 0 ? before : nil, csn: row.visible.csn)
    }

    /// Removes the covered operations of a record and hands on the others. Returns how many those are.
    private mutating func removeCovered(
        of row: Row, _ remaining: (UnsafeRawBufferPointer, ScannedOperation) throws -> Void
    ) throws -> Int64 {
        guard row.pending > 0 else { return 0 }
        if let journalCode {
            let delete = try SQLStatement(db, "DELETE FROM _pending WHERE rid = ? AND journal = ? AND seq <= ?")
            delete.bind(1, row.rid)
            delete.bind(2, journalCode)
            delete.bind(3, terms.receipt.position.seq)
            try delete.run()
            left[row.entity, default: 0] += Int64(db.changesCount)
        }
        let lines = try SQLStatement(db, "SELECT line FROM _pending WHERE rid = ? ORDER BY journal, seq")
        lines.bind(1, row.rid)
        defer { lines.reset() }
        var count: Int64 = 0
        while try lines.step() {
            let line = lines.bytes(0)
            try remaining(line, try OperationScanner.scan(line, 0..<line.count))
            count += 1
        }
        return count
    }

    private func update(
        _ rid: Int64, _ visible: RecordState, pending: Int64, confirmed: RecordState?, csn: Int64?
    ) throws {
        let statement = try SQLStatement(
            db,
            """
            UPDATE _record SET data = ?, lives = ?, csn = ?, pending = ?, confirmed = ?, confirmed_lives = ?, snapshot = ?
            WHERE rid = ?
            """)
        try visible.data.withUnsafeBytes { data in
            statement.bind(1, bytes: data)
            statement.bind(2, visible.lives)
            statement.bind(3, csn)
            statement.bind(4, pending)
            statement.bind(5, confirmed.map { String(decoding: $0.data, as: UTF8.self) })
            statement.bind(6, confirmed.map { $0.lives ? 1 : 0 } as Int64?)
            statement.bind(7, csn == nil ? nil : run)
            statement.bind(8, rid)
            try statement.run()
        }
    }

    private mutating func insert(_ entity: Int64, _ id: String, store: String?, _ state: RecordState) throws {
        let statement = try SQLStatement(
            db,
            """
            INSERT INTO _record (entity, id, store, lives, csn, pending, snapshot, data) VALUES (?, ?, ?, ?, ?, 0, ?, ?)
            """)
        try state.data.withUnsafeBytes { data in
            statement.bind(1, entity)
            statement.bind(2, id)
            statement.bind(3, store)
            statement.bind(4, state.lives)
            statement.bind(5, state.csn)
            statement.bind(6, run)
            statement.bind(7, bytes: data)
            try statement.run()
        }
        if state.lives { changed += 1 }
    }

    private func isReturned(_ code: Int64) throws -> Bool {
        let name = try SQLStatement(db, "SELECT name FROM _entity WHERE code = ?")
        name.bind(1, code)
        defer { name.reset() }
        guard try name.step() else { return false }
        return !terms.policy.entity(name.text(0)).isFact && terms.coverage.includes(name.text(0))
    }

    private func addNotices() throws {
        let insert = try SQLStatement(
            db,
            """
            INSERT OR REPLACE INTO _notice (number, kind, at, entity, id, seq, text, state)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        for notice in terms.notices {
            insert.bind(1, notice.number)
            insert.bind(2, notice.kind)
            insert.bind(3, notice.at)
            insert.bind(4, notice.entity)
            insert.bind(5, notice.id)
            insert.bind(6, notice.seq)
            insert.bind(7, notice.text)
            insert.bind(8, notice.state?.rawValue)
            try insert.run()
        }
    }
}

/// The views of a terminal's store.
enum TerminalViews {
    static func replace(_ db: Database, _ policy: Policy) throws {
        var codes: [String: Int64] = [:]
        for entity in policy.entities { codes[entity.name] = try EntityCodes.code(of: entity.name, in: db) }
        try EntityViews.replace(db, policy: policy) { "entity = \(codes[$0] ?? 0)" }
    }
}
