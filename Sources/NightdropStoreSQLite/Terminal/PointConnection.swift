import GRDBSQLite
import NightdropStore
import Synchronization

/// A connection that only looks up single records, for the moment of a sale: its statements stay prepared, and no queue
/// stands between.
///
/// Unchecked because the connection and its statements are used by nobody but whoever holds the mutex.
final class PointConnection: @unchecked Sendable {
    private let mutex = Mutex(())
    private let connection: OpaquePointer
    private let version: SQLStatement
    private let record: SQLStatement
    private let begin: SQLStatement
    private let end: SQLStatement

    init(path: String) throws {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw StoreError(code: code, message: "\(path) cannot be opened")
        }
        sqlite3_busy_timeout(opened, 60_000)
        connection = opened
        version = try SQLStatement(preparing: "PRAGMA data_version", on: opened)
        record = try SQLStatement(preparing: TerminalReader.recordSelect, on: opened)
        begin = try SQLStatement(preparing: "BEGIN", on: opened)
        end = try SQLStatement(preparing: "COMMIT", on: opened)
    }

    deinit {
        for statement in [version, record, begin, end] { sqlite3_finalize(statement.raw) }
        sqlite3_close_v2(connection)
    }

    /// A number that changes whenever another connection has written.
    func dataVersion() throws -> Int64 {
        try mutex.withLock { _ in
            defer { version.reset() }
            return try version.step() ? version.integer(0) : 0
        }
    }

    /// A record, living or not.
    func record(_ entity: String, _ id: String) throws -> RecordState? {
        try mutex.withLock { _ in try RecordState(record, entity, id) }
    }

    /// Begins a read transaction, which spares each of many look-ups its own; `end` must follow soon.
    func beginMany() throws { try mutex.withLock { _ in try begin.run() } }

    /// Ends the read transaction.
    func endMany() { mutex.withLock { _ in try? end.run() } }
}

extension RecordState {
    /// What a prepared `TerminalReader.recordSelect` finds.
    init?(_ statement: SQLStatement, _ entity: String, _ id: String) throws {
        statement.bind(1, entity)
        statement.bind(2, id)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        self.init(data: Array(statement.bytes(0)), lives: statement.integer(1) != 0, csn: statement.optional(2))
    }
}
