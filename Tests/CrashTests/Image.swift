import Foundation
import Testing

/// What head office holds, as `sqlite3` and `zcat` show it: what must be the same, however often a merge was interrupted.
extension Ground {
    /// Records with their clocks, changes, conflicts, notices, positions and days of a node's store.
    func image(of node: String) throws -> [String] {
        let queries = [
            """
            SELECT 'record', e.name, s.name, r.id, r.reach, r.csn, r.head, r.lives, r.conflicts, r.data, r.clocks
            FROM _record r JOIN _entity e ON e.code = r.entity JOIN _store s ON s.code = r.store
            ORDER BY e.name, s.name, r.id
            """,
            """
            SELECT 'change', c.csn, r.entity, r.id, c.previous, j.journal, g.number, c.offset
            FROM _change c LEFT JOIN _record r ON r.rid = c.rid JOIN _segment g ON g.id = c.segment
            JOIN _journal j ON j.code = g.journal ORDER BY c.csn
            """,
            """
            SELECT 'conflict', kind, state, entity, id, field, base, central, central_node, incoming, node, journal, seq, csn,
            rule, decided FROM _conflict ORDER BY number
            """,
            "SELECT 'notice', node, csn, kind, entity, id, seq, text FROM _notice ORDER BY number",
            "SELECT 'alias', * FROM _alias ORDER BY csn",
            "SELECT 'journal', * FROM _journal WHERE central = 0 ORDER BY code",
            "SELECT 'segment', journal, number, first, last, hash, file, offset, length FROM _segment ORDER BY journal, number",
            "SELECT 'archive', * FROM _archive WHERE file LIKE '%.gz' ORDER BY file",
            "SELECT 'day', node, day, part, operations, claimed, found, agrees FROM _day ORDER BY node, day, part",
        ]
        return try output("sqlite3 -readonly \(node)/store.sqlite \"\(queries.joined(separator: ";"))\"")
            .split(separator: "\n").map(String.init)
    }

    /// The archive of a till holds exactly its segments, and every change points at the operation that it came from.
    func checkArchive(of node: String, tills: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        for till in tills {
            let script = """
                cmp <(zcat \(node)/archive/\(till)/*.jsonl.gz) <(cat \(till)/journal/*/[0-9]*[0-9].jsonl.gz | zcat)
                """
            let compared = try run(script)
            #expect(compared.status == 0, "\(till): \(compared.out)\(compared.err)", sourceLocation: sourceLocation)
        }
        let segments = try output(
            "sqlite3 -readonly \(node)/store.sqlite 'SELECT id, file, offset, length FROM _segment WHERE file IS NOT NULL'"
        )
        for line in segments.split(separator: "\n") {
            let parts = line.split(separator: "|")
            let script = """
                cmp <(dd if=\(node)/\(parts[1]) iflag=skip_bytes,count_bytes skip=\(parts[2]) count=\(parts[3]) status=none \
                    | zcat | LC_ALL=C awk '/^{"seq":/ { print place } { place += length($0) + 1 }' | sed 's/^$/0/') \
                    <(sqlite3 -readonly \(node)/store.sqlite 'SELECT offset FROM _change WHERE segment = \(parts[0]) ORDER BY csn')
                """
            let compared = try run(script)
            #expect(compared.status == 0, "\(line): \(compared.out)\(compared.err)", sourceLocation: sourceLocation)
        }
    }
}
