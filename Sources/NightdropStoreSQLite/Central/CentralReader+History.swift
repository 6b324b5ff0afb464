import NightdropMerge
import NightdropModel
import NightdropStore

extension SQLiteReading {
    func chains(entity: String, store: String, id: String) throws -> [[LoggedChange]] {
        var rids: [Int64] = []
        try rows(
            """
            SELECT b.rid FROM _buried b JOIN _entity e ON e.code = b.entity JOIN _store s ON s.code = b.store
            WHERE e.name = ? AND s.name = ? AND b.id = ? ORDER BY b.rid
            """
        ) {
            $0.bind(1, entity)
            $0.bind(2, store)
            $0.bind(3, id)
        } _: {
            rids.append($0.integer(0))
        }
        if let rid = try record(entity: entity, store: store, id: id)?.rid { rids.append(rid) }
        return try rids.map { try chain(rid: $0) }
    }

    /// Whether tombstones of an entity were removed.
    func hasBuried(_ entity: Int64) throws -> Bool {
        try first("SELECT 1 FROM _buried WHERE entity = ? LIMIT 1") {
            $0.bind(1, entity)
        } _: { _ in
            true
        } ?? false
    }

    /// Whether there was a record of that id, whose tombstone was removed.
    func isBuried(_ entity: Int64, store: Int64, id: UnsafeRawBufferPointer) throws -> Bool {
        try first("SELECT 1 FROM _buried WHERE entity = ? AND store = ? AND id = ? LIMIT 1") {
            $0.bind(1, entity)
            $0.bind(2, store)
            $0.bind(3, bytes: id)
        } _: { _ in
            true
        } ?? false
    }

    func chain(rid: Int64) throws -> [LoggedChange] { try chain(rid: rid, atMost: .max) ?? [] }

    func chain(rid: Int64, atMost limit: Int) throws -> [LoggedChange]? {
        var next = try first(
            "SELECT head FROM _record WHERE rid = ?1 UNION ALL SELECT head FROM _buried WHERE rid = ?1"
        ) {
            $0.bind(1, rid)
        } _: {
            $0.integer(0)
        }
        var changes: [LoggedChange] = []
        let select = try SQLStatement(db, "SELECT segment, offset, previous FROM _change WHERE csn = ?")
        while let csn = next, csn > 0 {
            guard changes.count < limit else { return nil }
            select.bind(1, csn)
            defer { select.reset() }
            guard try select.step() else { throw StoreError(.damaged, "the change log lacks change \(csn)") }
            changes.append(
                LoggedChange(csn: csn, rid: rid, segment: select.integer(0), offset: select.integer(1)))
            next = select.optional(2)
            // A chain leads back; one that does not would never end.
            if let next, next >= csn { throw StoreError(.damaged, "change \(csn) names a later one as the one before") }
        }
        return changes.reversed()
    }

    func record(rid: Int64) throws -> RecordRow? {
        try first(RecordRow.select + " WHERE r.rid = ?") {
            $0.bind(1, rid)
        } _: {
            RecordRow($0)
        }
    }

    func segment(id: Int64) throws -> SegmentRow? {
        try first(SegmentRow.select + " WHERE id = ?") {
            $0.bind(1, id)
        } _: {
            try SegmentRow($0)
        }
    }

    func bundle(id: Int64) throws -> BundleRow? {
        try first(BundleRow.select + " WHERE id = ?") {
            $0.bind(1, id)
        } _: {
            BundleRow($0)
        }
    }

    func circumstances(of csn: Int64) throws -> MergeCircumstances {
        var circumstances =
            try first("SELECT at, policy FROM _merge WHERE csn >= ? ORDER BY csn LIMIT 1") {
                $0.bind(1, csn)
            } _: {
                MergeCircumstances(at: $0.integer(0), policy: $0.optional(1))
            } ?? MergeCircumstances(at: 0, policy: nil)
        try rows("SELECT field, value, failure FROM _answer WHERE csn = ?") {
            $0.bind(1, csn)
        } _: { row in
            let answer = row.optionalText(1).map { HookAnswer.value(FieldValue(checkedJSON: $0)) }
            circumstances.answers[row.text(0)] = answer ?? .failed(row.optionalText(2) ?? "")
        }
        return circumstances
    }

    func lastChange(at time: Int64) throws -> Int64 {
        try first("SELECT csn FROM _merge WHERE at <= ? ORDER BY csn DESC LIMIT 1") {
            $0.bind(1, time)
        } _: {
            $0.integer(0)
        } ?? 0
    }

    func conflicts(rid: Int64) throws -> [ConflictRow] {
        var conflicts: [ConflictRow] = []
        try rows(ConflictRow.select + " WHERE rid = ? ORDER BY number") {
            $0.bind(1, rid)
        } _: {
            conflicts.append(ConflictRow($0))
        }
        return conflicts
    }

    func conflictsWithoutRecord(csn: Int64) throws -> [ConflictRow] {
        var conflicts: [ConflictRow] = []
        try rows(ConflictRow.select + " WHERE rid IS NULL AND csn = ? ORDER BY number") {
            $0.bind(1, csn)
        } _: {
            conflicts.append(ConflictRow($0))
        }
        return conflicts
    }

    func event(id: Int64) throws -> EventRow? {
        try first(EventRow.select + " WHERE id = ?") {
            $0.bind(1, id)
        } _: {
            EventRow($0)
        }
    }

    func change(csn: Int64) throws -> LoggedChange? {
        try first("SELECT csn, rid, segment, offset FROM _change WHERE csn = ?") {
            $0.bind(1, csn)
        } _: {
            LoggedChange($0)
        }
    }
}

extension LoggedChange {
    /// A row of csn, rid, segment and offset.
    init(_ row: SQLStatement) {
        self.init(csn: row.integer(0), rid: row.optional(1), segment: row.integer(2), offset: row.integer(3))
    }
}

extension BundleRow {
    static let select = "SELECT id, name, node, at FROM _bundle"

    init(_ row: SQLStatement) {
        self.init(id: row.integer(0), name: row.text(1), node: row.text(2), at: row.integer(3))
    }
}
