import NightdropStore

extension SQLiteCentralWriter {
    /// A fact's tombstone reaches no terminal, so that no cursor tells whether its author knows of it. What is in conflict
    /// may yet be decided otherwise. The highest number stays in use, because the next new record gets the one behind it.
    func removeTombstones(
        _ limits: TombstoneLimits, limit: Int
    ) throws -> (count: Int, last: Int64) {
        var removed: [(rid: Int64, csn: Int64)] = []
        let select = try SQLStatement(
            db,
            """
            SELECT r.rid, r.csn, s.journal, c.offset FROM _record r
            JOIN _change c ON c.csn = r.head JOIN _segment s ON s.id = c.segment
            WHERE r.lives = 0 AND (r.csn <= ?1 OR r.csn <= ?2) AND r.rid < (SELECT max(rid) FROM _record)
            AND (r.csn <= ?2 OR r.reach IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM _conflict f WHERE f.rid = r.rid AND f.kind = 'delete-update'))
            AND NOT EXISTS (SELECT 1 FROM _conflict f WHERE f.rid = r.rid AND f.state <> 'decided')
            ORDER BY r.csn
            """)
        select.bind(1, limits.seen)
        select.bind(2, limits.expired)
        while removed.count < limit, try select.step() {
            let csn = select.integer(1)
            let isKept =
                csn > limits.expired
                && limits.kept.contains { $0.contains(select.integer(3), of: Int32(select.integer(2))) }
            if !isKept { removed.append((select.integer(0), csn)) }
        }
        select.reset()
        let bury = try SQLStatement(
            db,
            "INSERT INTO _buried (rid, entity, store, id, head) SELECT rid, entity, store, id, head FROM _record WHERE rid = ?"
        )
        let delete = try SQLStatement(db, "DELETE FROM _record WHERE rid = ?")
        for (rid, _) in removed {
            bury.bind(1, rid)
            try bury.run()
            delete.bind(1, rid)
            try delete.run()
        }
        return (removed.count, removed.last?.csn ?? 0)
    }
}
