import GRDBSQLite
import NightdropModel
import NightdropStore
import Synchronization

/// A connection that only looks up single records, for the moment of a sale: its statements stay prepared, and no queue
/// stands between.
///
/// Unchecked because the connection and its statements are used by nobody but whoever holds the mutex around the codes.
final class PointConnection: @unchecked Sendable {
    /// The codes of entities, which never change once they are there.
    private let codes = Mutex<[(entity: String, code: Int64)]>([])
    private let connection: OpaquePointer
    private let version: SQLStatement
    private let entityCode: SQLStatement
    private let record: SQLStatement
    private let head: SQLStatement
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
        entityCode = try SQLStatement(preparing: "SELECT code FROM _entity WHERE name = ?", on: opened)
        record = try SQLStatement(
            preparing: "SELECT data, lives, csn FROM _record WHERE entity = ? AND id = ?", on: opened)
        head = try SQLStatement(preparing: TerminalReader.headSelect, on: opened)
        begin = try SQLStatement(preparing: "BEGIN", on: opened)
        end = try SQLStatement(preparing: "COMMIT", on: opened)
    }

    deinit {
        for statement in [version, entityCode, record, head, begin, end] { sqlite3_finalize(statement.raw) }
        sqlite3_close_v2(connection)
    }

    /// A number that changes whenever another connection has written.
    func dataVersion() throws -> Int64 {
        try codes.withLock { _ in
            defer { version.reset() }
            return try version.step() ? version.integer(0) : 0
        }
    }

    /// A record, living or not.
    func record(_ entity: String, _ id: String) throws -> RecordState? {
        try codes.withLock { codes in
            guard let entity = try code(of: entity, &codes) else { return nil }
            record.bind(1, entity)
            return try record.bound(2, id) { try RecordState(record) }
        }
    }

    /// The records that drafts are about, and the head, at one moment, which is faster than one by one.
    func records(of drafts: [OperationDraft]) throws -> StoredRecords {
        try codes.withLock { codes in
            try begin.run()
            defer { try? end.run() }
            let (generation, csn) = try TerminalReader.head(of: head)
            let records = try drafts.map { draft -> RecordState? in
                guard let entity = try code(of: draft.entity, &codes) else { return nil }
                record.bind(1, entity)
                return try record.bound(2, draft.id) { try RecordState(record) }
            }
            return StoredRecords(generation: generation, csn: csn, records: records)
        }
    }

    /// The code of an entity; nil if none of its records has ever been here.
    private func code(of entity: String, _ codes: inout [(entity: String, code: Int64)]) throws -> Int64? {
        if let known = codes.first(where: { $0.entity == entity }) { return known.code }
        let found = try entityCode.bound(1, entity) { try entityCode.step() ? entityCode.integer(0) : nil as Int64? }
        if let found { codes.append((entity, found)) }
        return found
    }
}

/// Records as they are in the store at one moment.
public struct StoredRecords: Sendable {
    /// How often something of central was applied.
    public let generation: Int64
    /// The cursor's CSN; nil before the first snapshot.
    public let csn: Int64?
    /// The records, in the order in which they were asked for.
    public let records: [RecordState?]
}

extension RecordState {
    /// What a prepared `TerminalReader.recordSelect` finds.
    init?(_ statement: SQLStatement, _ entity: String, _ id: String) throws {
        statement.bind(1, entity)
        statement.bind(2, id)
        defer { statement.reset() }
        try self.init(statement)
    }

    /// What a statement finds whose columns are `data`, `lives` and `csn`.
    init?(_ statement: SQLStatement) throws {
        guard try statement.step() else { return nil }
        self.init(data: Array(statement.bytes(0)), lives: statement.integer(1) != 0, csn: statement.optional(2))
    }
}
