import Foundation

extension Run {
    private var days: [Int] { isQuick ? [160, 40] : [16_000, 2_000, 2_000] }

    /// Makes the data of the run: ids are a till's name and a counter, as is recommended.
    func makeCorpus() throws {
        try makeCorpus("corpus")
        try makeTrace("trace.sqlite", tills: max(1, 100_000 / days.reduce(0, +)), of: "corpus")
        // A till would send changesets of its own, which nobody has put together with those of others.
        try makeTrace("tills.sqlite", tills: 1, of: "corpus")
    }

    private func makeCorpus(_ name: String, _ more: String...) throws {
        say("data: \(days.reduce(0, +) * Till.tills) operations of \(Till.tills) tills")
        let days = days.map(String.init).joined(separator: ",")
        _ = try child.measure(["make", "\(directory)/\(name)", days, "\(seed)", "\(Int.max)"] + more)
        _ = try child.shell("sqlite3 \(directory)/\(name)/central/store.sqlite 'PRAGMA wal_checkpoint(TRUNCATE)'")
    }

    /// Merges the bundles of so many tills at a time, which is a transaction each, and notes the rows that each one wrote.
    private func makeTrace(_ name: String, tills: Int, of corpus: String) throws {
        let central = try copy("\(directory)/\(corpus)/central", to: "central")
        let trace = try fresh(name)
        _ = try child.floor("trace", central + "/store.sqlite", trace)
        let bundles = "\(directory)/\(corpus)/bundles/"
        let names = try FileManager.default.contentsOfDirectory(atPath: bundles).sorted()
        let perGroup = tills * days.count
        for start in stride(from: 0, to: names.count, by: perGroup) {
            let group = names[start..<min(start + perGroup, names.count)].map { bundles + $0 }
            _ = try child.measure(["merge", central] + group)
            _ = try child.floor("trace", central + "/store.sqlite", trace)
        }
    }

    mutating func merge() throws {
        let trace = directory + "/trace.sqlite"
        let changes = try fresh("changeset")
        _ = try child.floor("changesets", directory + "/tills.sqlite", copyStore(), changes)
        let (peer, peerChanges) = try makePeer(of: "corpus")
        var merged: [Measurement] = []
        var rows: [Measurement] = []
        var applied: [Measurement] = []
        var same: [Measurement] = []
        var shell: [Measurement] = []
        for pair in 1...pairs {
            say("merge \(pair) of \(pairs)")
            rows.append(try child.floor("rows", trace, copyStore()))
            let central = try copy(directory + "/corpus/central", to: "central")
            merged.append(try child.measure("merge", central, directory + "/corpus/bundles"))
            applied.append(try child.floor("apply", peerChanges, copyPeer(peer)))
            same.append(try child.floor("apply", changes, copyStore()))
            shell.append(try importWithShell(operations: rows[0].operations))
        }
        guard merged[0].operations == rows[0].operations else {
            throw BenchmarkError("\(merged[0].operations) operations merged, \(rows[0].operations) traced")
        }
        compare(merged, rows, "merge without copies: C, the same rows", .atLeast(0.85))
        compare(
            merged, applied, "merge without copies: SQLite changesets, one a till, keyed by entity, store, id", .none)
        compare(merged, same, "  the same with our own schema and row numbers", .none)
        compare(merged, shell, "merge without copies: sqlite3 shell, json_extract", .atLeast(1))
        let count = Double(merged[0].operations)
        results.add(
            "merge: processor time an operation", String(format: "%.2f us", merged.median(\.cpu) / count * 1e6),
            floor: String(format: "%.2f us", rows.median(\.cpu) / count * 1e6))
        let held = merged.median { $0.more["held"] ?? .nan }
        results.add(
            "merge: copies into inbox and archive, beside the commits",
            milliseconds(merged.median { $0.more["copies"] ?? .nan }))
        results.add("merge: of that waited for, and not counted above", milliseconds(held))
        results.memory("merge", merged.map(\.peak).max() ?? 0, mebibytes: 512)
        for name in ["peer-copy.sqlite", "floor.sqlite"].flatMap({ [$0, $0 + "-wal", $0 + "-shm"] }) + ["shell.sqlite"]
        {
            try remove(directory + "/" + name)
        }
    }

    /// The same changes to records whose ids are random, as those of most programs that sync are.
    mutating func mergeRandomIDs() throws {
        try makeCorpus("random", "uuids")
        try makeTrace("tills.sqlite", tills: 1, of: "random")
        let (peer, changes) = try makePeer(of: "random")
        var merged: [Measurement] = []
        var applied: [Measurement] = []
        for pair in 1...pairs {
            say("merge with random ids \(pair) of \(pairs)")
            applied.append(try child.floor("apply", changes, copyPeer(peer)))
            let central = try copy(directory + "/random/central", to: "central")
            merged.append(try child.measure("merge", central, directory + "/random/bundles"))
        }
        compare(merged, applied, "  with random ids (UUIDs): SQLite changesets, one a till", .atLeast(3))
        try remove(directory + "/random")
        for suffix in ["", "-wal", "-shm"] { try remove(directory + "/peer-copy.sqlite" + suffix) }
    }

    /// A store of somebody who syncs with SQLite's session extension, and the changesets for it.
    private func makePeer(of corpus: String) throws -> (store: String, changes: String) {
        let peer = try fresh("peer.sqlite")
        let changes = "\(try freshFolder("peersets"))/changeset"
        _ = try child.floor("peer", copyStore(of: corpus), peer)
        _ = try child.floor("peersets", directory + "/tills.sqlite", copyPeer(peer), changes)
        return (peer, changes)
    }

    private func copyPeer(_ peer: String) throws -> String {
        for suffix in ["-wal", "-shm"] { try remove(directory + "/peer-copy.sqlite" + suffix) }
        return try copy(peer, to: "peer-copy.sqlite")
    }

    private mutating func compare(
        _ merged: [Measurement], _ floor: [Measurement], _ name: String, _ goal: Row.Goal
    ) {
        let count = Double(merged[0].operations)
        results.add(
            name, rate(count / merged.median(\.seconds)), floor: rate(count / floor.median(\.seconds)),
            ratio: medianRatio(floor.map(\.seconds), merged.map(\.seconds)), goal)
    }

    /// The lines into a table, records upserted with SQL functions, and a change row an operation.
    private func importWithShell(operations: Int64) throws -> Measurement {
        let store = try fresh("shell.sqlite")
        let script = try fresh("import.sql")
        let sql = """
            PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -262144;
            CREATE TABLE line (line TEXT);
            CREATE TABLE record (
                rid INTEGER PRIMARY KEY, entity TEXT, id TEXT, csn INTEGER, data TEXT, UNIQUE (entity, id));
            CREATE TABLE change (csn INTEGER PRIMARY KEY, entity TEXT, id TEXT, seq INTEGER, at TEXT);
            .mode ascii
            .separator "\\037" "\\n"
            .import \(directory)/corpus/operations.jsonl line
            BEGIN;
            INSERT INTO record (entity, id, csn, data)
                SELECT json_extract(line, '$.entity'), json_extract(line, '$.id'), rowid, json_extract(line, '$.set')
                FROM line WHERE true
                ON CONFLICT (entity, id) DO UPDATE SET
                    data = json_patch(coalesce(data, '{}'), coalesce(excluded.data, '{}')), csn = excluded.csn;
            INSERT INTO change SELECT rowid, json_extract(line, '$.entity'), json_extract(line, '$.id'),
                json_extract(line, '$.seq'), json_extract(line, '$.at') FROM line;
            COMMIT;
            """
        try Data((sql + "\n").utf8).write(to: URL(fileURLWithPath: script))
        return try child.shell("sqlite3 \(store) < \(script) > /dev/null", operations: operations)
    }

    mutating func answer() throws {
        var measured: [Double] = []
        var floor: [Double] = []
        var peak: Int64 = 0
        for pair in 1...pairs {
            say("return \(pair) of \(pairs)")
            let folder = try freshFolder("return")
            let written = try child.measure("answer", directory + "/central", "T50", folder)
            let lines = folder + "/changes.jsonl"
            _ = try child.shell("tar -xOf \(folder)/return.tar changes/000001.jsonl.gz | zcat > \(lines)")
            let gzip = try child.shell("gzip -6 -c \(lines) > \(lines).gz")
            measured.append(written.seconds)
            floor.append(gzip.seconds)
            peak = max(peak, written.peak)
        }
        results.add(
            "return bundle, a snapshot", milliseconds(measured.median), floor: milliseconds(floor.median) + " gzip -6",
            ratio: medianRatio(measured, floor), .atMost(1.2))
        results.memory("return", peak, mebibytes: 128)
        try remove(directory + "/return")
    }
}
