import GRDBSQLite
import NightdropModel
import NightdropStore

/// A ledger in a temporary database, which SQLite removes when it is closed, with the sums used last in memory.
final class TemporaryLedger: CounterLedger {
    private struct Key: Hashable {
        let rid: Int64
        let field: Int
    }

    private let connection: OpaquePointer
    private let select: SQLStatement
    private let replace: SQLStatement
    private var sums: [Key: ExactDecimal] = [:]
    private let mostInMemory: Int

    init(mostInMemory: Int = 100_000) throws {
        self.mostInMemory = mostInMemory
        var opened: OpaquePointer?
        // The empty name stands for a private file of its own.
        let code = sqlite3_open_v2("", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw StoreError(code: code, message: "no temporary database can be made")
        }
        connection = opened
        do {
            try SQLStatement.run(
                "CREATE TABLE sums (rid INTEGER, field INTEGER, sum TEXT, PRIMARY KEY (rid, field)) WITHOUT ROWID",
                on: opened)
            select = try SQLStatement(preparing: "SELECT sum FROM sums WHERE rid = ? AND field = ?", on: opened)
            replace = try SQLStatement(preparing: "INSERT OR REPLACE INTO sums VALUES (?, ?, ?)", on: opened)
        } catch {
            sqlite3_close_v2(opened)
            throw error
        }
    }

    deinit {
        sqlite3_finalize(select.raw)
        sqlite3_finalize(replace.raw)
        sqlite3_close_v2(connection)
    }

    func add(_ amount: ExactDecimal, to field: Int, of rid: Int64) throws {
        let before = try sum(field, of: rid)
        guard let sum = before.adding(amount) else { return }
        if sums.count >= mostInMemory { try spill() }
        sums[Key(rid: rid, field: field)] = sum
    }

    func sum(_ field: Int, of rid: Int64) throws -> ExactDecimal {
        if let sum = sums[Key(rid: rid, field: field)] { return sum }
        select.bind(1, rid)
        select.bind(2, Int64(field))
        defer { select.reset() }
        return try select.step() ? ExactDecimal(json: select.bytes(0)) ?? .zero : .zero
    }

    private func spill() throws {
        try SQLStatement.run("BEGIN", on: connection)
        for (key, sum) in sums {
            replace.bind(1, key.rid)
            replace.bind(2, Int64(key.field))
            replace.bind(3, sum.text)
            try replace.run()
        }
        try SQLStatement.run("COMMIT", on: connection)
        sums.removeAll(keepingCapacity: true)
    }
}

extension SQLStatement {
    /// Runs a statement that is needed once.
    static func run(_ sql: String, on connection: OpaquePointer) throws {
        let statement = try SQLStatement(preparing: sql, on: connection)
        defer { sqlite3_finalize(statement.raw) }
        _ = try statement.step()
    }
}
