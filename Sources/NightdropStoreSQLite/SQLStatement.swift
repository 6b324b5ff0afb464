import GRDB
import GRDBSQLite
import NightdropFormats
import NightdropStore

/// A prepared statement of a connection, for paths where every microsecond counts: binds and reads bytes in place.
struct SQLStatement {
    let raw: OpaquePointer
    private let connection: OpaquePointer

    /// The statement of that text, prepared once a connection.
    init(_ db: Database, _ sql: String) throws {
        guard let raw = try db.cachedStatement(sql: sql).sqliteStatement as OpaquePointer?,
            let connection = db.sqliteConnection
        else { throw StoreError(.failed, "the store is closed") }
        self.raw = raw
        self.connection = connection
        sqlite3_reset(raw)
        sqlite3_clear_bindings(raw)
    }

    /// A statement that is prepared to stay; whoever holds it finalizes it.
    init(preparing sql: String, on connection: OpaquePointer) throws {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else {
            throw StoreError(code: code, message: String(cString: sqlite3_errmsg(connection)))
        }
        raw = prepared
        self.connection = connection
    }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(raw, index, value) }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(raw, index, value) } else { sqlite3_bind_null(raw, index) }
    }

    func bind(_ index: Int32, _ value: Bool) { sqlite3_bind_int(raw, index, value ? 1 : 0) }

    /// The bytes must stay where they are until the statement has run.
    func bind(_ index: Int32, bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else {
            sqlite3_bind_text(raw, index, "", 0, nil)
            return
        }
        sqlite3_bind_text(raw, index, base.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil)
    }

    /// The inside of a JSON string. The bytes must stay where they are until the statement has run.
    func bind(_ index: Int32, escaped text: UnsafeRawBufferPointer) {
        if text.contains(0x5C) { bind(index, JSONString.unescaped(text)) } else { bind(index, bytes: text) }
    }

    func bind(_ index: Int32, _ text: String?) {
        guard var text else {
            sqlite3_bind_null(raw, index)
            return
        }
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { characters in
                // SQLITE_TRANSIENT, which Swift cannot import: SQLite copies the text.
                let copy = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
                if let base = characters.baseAddress {
                    _ = sqlite3_bind_text(raw, index, base, Int32(characters.count), copy)
                } else {
                    _ = sqlite3_bind_text(raw, index, "", 0, copy)
                }
            }
        }
    }

    /// Runs `body`, which steps, with the text bound, uncopied; resets the statement.
    func bound<Result>(_ index: Int32, _ text: String, _ body: () throws -> Result) rethrows -> Result {
        var text = text
        return try text.withUTF8 { utf8 in
            bind(index, bytes: UnsafeRawBufferPointer(utf8))
            defer { reset() }
            return try body()
        }
    }

    /// Whether there is a row.
    func step() throws -> Bool {
        switch sqlite3_step(raw) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let code = sqlite3_errcode(connection)
            let message = String(cString: sqlite3_errmsg(connection))
            sqlite3_reset(raw)
            throw StoreError(code: code, message: message)
        }
    }

    /// Runs a statement without rows, and makes it ready for the next time.
    func run() throws {
        _ = try step()
        sqlite3_reset(raw)
    }

    func reset() { sqlite3_reset(raw) }

    /// The row that the connection has inserted last.
    var lastRow: Int64 { sqlite3_last_insert_rowid(connection) }

    /// How many rows the statement that ran last on the connection has changed.
    var changes: Int { Int(sqlite3_changes(connection)) }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(raw, column) }

    func optional(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(raw, column) == SQLITE_NULL }

    /// Valid until the next step.
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        let base = sqlite3_column_text(raw, column)
        return UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(raw, column)))
    }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
}

extension StoreError {
    /// An error of SQLite.
    init(code: Int32, message: String) {
        if StoreError.isFull(code) {
            self.init(.full, "\(message): the disk is full; make room on it, then run this again")
            return
        }
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: self.init(.busy, "the store is in use by another program: \(message)")
        case SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM:
            self.init(.disk, "the store cannot be written: \(message)")
        case SQLITE_CORRUPT, SQLITE_NOTADB: self.init(.damaged, "the store is damaged: \(message)")
        default: self.init(.failed, message)
        }
    }

    /// Any error of the store's library.
    init(_ error: any Error, _ path: String) {
        if let error = error as? StoreError {
            self = error
        } else if let error = error as? DatabaseError {
            let code = error.extendedResultCode.rawValue
            let words = StoreError.isFull(code) ? path : "\(path): \(error.message ?? "unknown error")"
            self.init(code: code, message: words)
        } else {
            self.init(.failed, "\(path): \(error)")
        }
    }

    /// Whether an extended result code says that there is no room, be it for the index of what was written last
    /// (`SQLITE_IOERR_SHMSIZE`), which a store needs as soon as it is open.
    private static func isFull(_ code: Int32) -> Bool { code == SQLITE_FULL || code == SQLITE_IOERR | 19 << 8 }
}
