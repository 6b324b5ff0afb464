import GRDB
import NightdropFormats
import NightdropModel
import NightdropStore
import Synchronization

/// A terminal's store in SQLite: what it shows, derived from the journal and from central's answers.
///
/// The journal is the truth, so nothing waits for this store to be durable: WAL with `synchronous=NORMAL` keeps it whole,
/// and after a power cut it goes on from wherever it stands. Several processes may use one store.
public final class TerminalDatabase: Sendable {
    let pool: any DatabaseWriter
    let path: String
    private let points: DatabaseQueue
    private let records = Mutex<PointConnection?>(nil)
    /// As many as were ever in use at once.
    private let idle = Mutex<[PointConnection]>([])

    /// Opens the store, or makes it.
    public init(path: String) throws(StoreError) {
        self.path = path
        var configuration = GRDB.Configuration()
        configuration.label = "nightdrop.terminal"
        configuration.busyMode = .timeout(60)
        configuration.maximumReaderCount = 3
        configuration.prepareDatabase { db in
            // Takes effect in a new file only.
            if !db.configuration.readonly { try db.execute(sql: "PRAGMA page_size = 8192; PRAGMA cache_size = -8192") }
            try db.execute(sql: "PRAGMA secure_delete = OFF; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY")
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            self.pool = pool
            try TerminalSchema.migrator.migrate(pool)
            var single = configuration
            single.readonly = true
            points = try DatabaseQueue(path: path, configuration: single)
            let connection = try PointConnection(path: path)
            records.withLock { $0 = connection }
        } catch { throw TerminalDatabase.failure(error, path) }
    }

    /// Opens the store to look at it only, by `read`; whatever would write fails.
    public init(lookingAt path: String) throws(StoreError) {
        self.path = path
        let name = try UnwrittenStore.name(path)
        do {
            pool = try DatabaseQueue(path: name, configuration: UnwrittenStore.configuration)
            points = try DatabaseQueue(path: name, configuration: UnwrittenStore.configuration)
            guard try pool.read(TerminalSchema.migrator.hasCompletedMigrations) else {
                throw UnwrittenStore.isOfOlderVersion(path)
            }
        } catch { throw TerminalDatabase.failure(error, path) }
    }

    // SQLite tidies up behind its last connection only if that one may write: else the whole WAL stays, and is read again
    // at the next opening.
    deinit {
        records.withLock { $0 = nil }
        idle.withLock { $0.removeAll() }
        try? points.close()
    }

    /// A number that changes whenever the store has been written.
    public func version() throws -> Int64 { try connection().dataVersion() }

    /// A record, living or not.
    public func record(_ entity: String, _ id: String) throws -> RecordState? {
        try attempt { try connection().record(entity, id) }
    }

    /// The records that drafts are about, at one moment; beside others that look something up.
    public func records(of drafts: [OperationDraft]) throws -> StoredRecords {
        try attempt {
            let connection = try idle.withLock { $0.popLast() } ?? PointConnection(path: path)
            defer { idle.withLock { $0.append(connection) } }
            return try connection.records(of: drafts)
        }
    }

    private func connection() throws -> PointConnection {
        guard let connection = records.withLock({ $0 }) else { throw StoreError(.failed, "\(path) is closed") }
        return connection
    }

    /// Looks something up on the connection kept for that, without a transaction around it.
    public func lookUp<Answer>(_ body: (TerminalReader) throws -> Answer) throws -> Answer {
        try attempt { try points.unsafeRead { db in try body(TerminalReader(db: db)) } }
    }

    /// Looks several things up at one moment, on the same connection.
    public func lookUpAtOnce<Answer>(_ body: (TerminalReader) throws -> Answer) throws -> Answer {
        try attempt {
            try points.unsafeRead { db in
                var answer: Answer?
                try db.inTransaction(.deferred) {
                    answer = try body(TerminalReader(db: db))
                    return .commit
                }
                guard let answer else { throw StoreError(.failed, "\(path): the transaction ended without an answer") }
                return answer
            }
        }
    }

    /// Reads at one moment; others look up and write meanwhile.
    public func read<Answer>(_ body: (TerminalReader) throws -> Answer) throws -> Answer {
        try attempt { try pool.read { db in try body(TerminalReader(db: db)) } }
    }

    /// Writes: all of it or nothing. With `durably` it is on the disk on return, as is all that was written before.
    func write<Answer>(durably: Bool = false, _ body: (Database) throws -> Answer) throws -> Answer {
        try attempt {
            try pool.writeWithoutTransaction { db in
                if durably { try db.execute(sql: "PRAGMA synchronous = FULL") }
                defer { if durably { try? db.execute(sql: "PRAGMA synchronous = NORMAL") } }
                var answer: Answer?
                try db.inTransaction(.immediate) {
                    answer = try body(db)
                    return .commit
                }
                guard let answer else { throw StoreError(.failed, "\(path): the transaction ended without an answer") }
                return answer
            }
        }
    }

    /// Errors of the library become the store's; those of a body stay what they are.
    private func attempt<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do { return try body() } catch  where error is DatabaseError || error is StoreError {
            throw TerminalDatabase.failure(error, path)
        }
    }

    /// The store is derived, so whoever meets a damaged one can do without it.
    private static func failure(_ error: any Error, _ path: String) -> StoreError {
        let error = StoreError(error, path)
        guard error.kind == .damaged else { return error }
        return StoreError(
            .damaged,
            "\(error.message). Nothing that was recorded is lost: move \(path)* away; the journal fills a new store, and the "
                + "next exchange brings head office's records again")
    }
}

/// How far a terminal's store has come.
public struct TerminalState: Sendable, Equatable {
    /// The journal that it follows; nil in a new store.
    public var journal: UniqueID?
    /// The last of its operations that the store contains.
    public var seq: Int64
    /// Grows whenever something of central was applied.
    public var generation: Int64
    /// How far central's changes are applied; nil before the first snapshot.
    public var cursor: NightdropModel.Cursor?
    /// What central holds, as far as is known.
    public var receipt: Receipt?
    /// The policy as central sent it.
    public var policy: String?
    /// The latest time seen in a return bundle, in milliseconds since 1970; 0 if none.
    public var seen: Int64
    /// What the last bundle for central stated of this terminal.
    public var exported: String?
    /// When a bundle was last written or taken in, in milliseconds since 1970.
    public var exchanged: Int64?
    /// What went wrong last time; nil if nothing did.
    public var error: String?
    /// What of central's records is held at the cursor; nil with it.
    public var coverage: Coverage?

    /// The last operation of a journal that the store contains; 0 if it follows another one.
    public func position(in journal: UniqueID) -> Int64 { self.journal == journal ? seq : 0 }
}
