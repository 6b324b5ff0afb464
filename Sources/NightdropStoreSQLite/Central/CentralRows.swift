import NightdropFormats
import NightdropModel
import NightdropStore

private func damaged(_ what: String) -> StoreError { StoreError(.damaged, "the store holds a \(what) that is none") }

extension JournalRow {
    static let select = """
        SELECT code, journal, node, store, central, follows, follows_seq, follows_hash, seq, hash, segment, segment_hash,
        operations, totals, since_close FROM _journal
        """

    init(_ row: SQLStatement) throws {
        guard let journal = UniqueID(row.text(1)), let node = NodeID(row.text(2)), let hash = ContentHash(row.text(9)),
            let segmentHash = ContentHash(row.text(11))
        else { throw damaged("journal") }
        var follows: JournalPosition?
        if let before = row.optionalText(5).flatMap(UniqueID.init), let hash = ContentHash(row.text(7)) {
            follows = JournalPosition(journal: before, seq: row.integer(6), hash: hash)
        }
        self.init(
            code: Int32(row.integer(0)), journal: journal, node: node, store: row.optionalText(3).flatMap(NodeID.init),
            isCentral: row.integer(4) != 0, follows: follows)
        seq = row.integer(8)
        self.hash = hash
        segment = row.integer(10)
        self.segmentHash = segmentHash
        operations = row.integer(12)
        totals = (try? JSONValue.parse(row.text(13))).flatMap(ControlTotals.init(json:)) ?? ControlTotals()
        sinceClose = (try? JSONValue.parse(row.text(14))).flatMap(SinceClose.init) ?? SinceClose()
    }
}

extension SegmentRow {
    static let select = """
        SELECT id, journal, number, first, last, hash, file, offset, length, bundle, last_base FROM _segment
        """

    init(_ row: SQLStatement) throws {
        guard let hash = ContentHash(row.text(5)) else { throw damaged("segment") }
        self.init(
            id: row.integer(0), journal: Int32(row.integer(1)), number: row.integer(2), first: row.integer(3),
            last: row.integer(4), hash: hash, file: row.optionalText(6), offset: row.integer(7),
            length: row.integer(8), bundle: row.optional(9))
        lastBase = row.optional(10)
    }
}

extension TerminalRow {
    static let select = """
        SELECT node, store, journal, enrolled, seen, epoch, csn, merge, pending, software, clock_least,
            clock_most, coverage, subscription FROM _terminal
        """

    init(_ row: SQLStatement) throws {
        guard let node = NodeID(row.text(0)), let store = NodeID(row.text(1)), let journal = UniqueID(row.text(2))
        else {
            throw damaged("terminal")
        }
        self.init(node: node, store: store, journal: journal, enrolled: row.integer(3))
        seen = row.integer(4)
        if let epoch = row.optionalText(5).flatMap(UniqueID.init), let csn = row.optional(6) {
            cursor = Cursor(epoch: epoch, csn: csn, transaction: row.text(7))
        }
        pending = row.integer(8)
        software = row.text(9)
        clock = row.optional(10).map { ClockSkew(atLeast: $0, atMost: row.optional(11)) }
        func json(_ column: Int32) throws -> JSONValue? {
            try row.optionalText(column).map { text throws(JSONError) in try JSONValue.parse(text) }
        }
        coverage = try json(12).flatMap(Coverage.init(json:))
        subscription = try json(13).flatMap(Coverage.entities)
    }
}

extension RecordRow {
    static let select = """
        SELECT r.rid, e.name, s.name, r.id, r.csn, r.lives, r.data FROM _record r JOIN _entity e ON e.code = r.entity
        JOIN _store s ON s.code = r.store
        """

    init(_ row: SQLStatement) {
        let data = row.bytes(6)
        self.init(
            rid: row.integer(0), entity: row.text(1), store: row.text(2), id: row.text(3), csn: row.integer(4),
            lives: row.integer(5) != 0, fields: FieldCursor.fields(data, ByteRange(0, data.count)))
    }
}

extension ConflictRow {
    static let select = """
        SELECT number, kind, state, entity, store, id, field, base, central, central_node, central_time, incoming, node,
        "by", time, journal, seq, csn, rule, decided, decided_by, decided_at, revision, reason FROM _conflict
        """

    init(_ row: SQLStatement) {
        self.init(
            kind: row.text(1), state: row.text(2), entity: row.text(3), store: row.text(4), id: row.text(5),
            node: row.text(12), time: row.integer(14), journal: Int32(row.integer(15)), seq: row.integer(16),
            csn: row.integer(17), rule: row.text(18))
        number = row.integer(0)
        field = row.optionalText(6)
        base = row.optionalText(7)
        central = row.optionalText(8)
        centralNode = row.optionalText(9)
        centralTime = row.optional(10)
        incoming = row.optionalText(11)
        by = row.optionalText(13)
        decided = row.optionalText(19)
        decidedBy = row.optionalText(20)
        decidedAt = row.optional(21)
        revision = row.integer(22)
        reason = row.optionalText(23)
    }
}

extension DayRow {
    static let select = "SELECT node, day, part, received, operations, claimed, found, agrees FROM _day"

    init(_ row: SQLStatement) throws {
        guard let node = NodeID(row.text(0)) else { throw damaged("day") }
        func totals(_ column: Int32) -> ControlTotals {
            (try? JSONValue.parse(row.text(column))).flatMap(ControlTotals.init(json:)) ?? ControlTotals()
        }
        self.init(
            node: node, day: row.text(1), part: row.integer(2), received: row.integer(3), operations: row.integer(4),
            claimed: totals(5), found: totals(6), agrees: row.integer(7) != 0)
    }
}
