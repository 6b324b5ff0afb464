import GRDB
import NightdropMerge
import NightdropStore

/// Central's store in SQLite: WAL, so that readers never wait; `synchronous=FULL`, so that what was committed stays.
public final class CentralDatabase: CentralStore {
    private let checkpointer: Checkpointer?
    private let pool: any DatabaseWriter
    private let path: String

    /// Opens the store, or makes it. `cacheBytes` bounds the writer's page cache.
    public init(path: String, cacheBytes: Int = 64 << 20) throws(StoreError) {
        self.path = path
        var configuration = GRDB.Configuration()
        configuration.label = "nightdrop.central"
        configuration.busyMode = .timeout(60)
        configuration.maximumReaderCount = 3
        configuration.prepareDatabase { db in
            // Takes effect in a new file only: large pages make fewer and more sequential writes.
            if !db.configuration.readonly { try db.execute(sql: "PRAGMA page_size = 16384") }
            try db.execute(sql: "PRAGMA secure_delete = OFF")
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            self.pool = pool
            try pool.writeWithoutTransaction { db in
                try db.execute(
                    sql:
                        "PRAGMA synchronous = FULL; PRAGMA cache_size = -\(cacheBytes >> 10); PRAGMA temp_store = MEMORY"
                )
            }
            try CentralSchema.migrator.migrate(pool)
            let checkpointer = try Checkpointer(path: path)
            pool.writeWithoutTransaction { db in checkpointer.watch(db) }
            self.checkpointer = checkpointer
        } catch { throw StoreError(error, path) }
    }

    /// Opens the store to look at it only; whatever would write fails.
    public init(lookingAt path: String) throws(StoreError) {
        self.path = path
        checkpointer = nil
        let name = try UnwrittenStore.name(path)
        do {
            pool = try DatabaseQueue(path: name, configuration: UnwrittenStore.configuration)
            guard try pool.read(CentralSchema.migrator.hasCompletedMigrations) else {
                throw UnwrittenStore.isOfOlderVersion(path)
            }
        } catch { throw StoreError(error, path) }
    }

    /// Reads, at one moment.
    public func read<Answer>(_ body: (any CentralReader) throws -> Answer) throws -> Answer {
        try attempt { try pool.read { db in try body(SQLiteCentralReader(db: db)) } }
    }

    /// Writes: all of it, durable on return, or nothing.
    public func write<Answer>(_ body: (any CentralWriter) throws -> Answer) throws -> Answer {
        try attempt {
            try pool.writeWithoutTransaction { db in
                var answer: Answer?
                try db.inTransaction(.immediate) {
                    answer = try body(SQLiteCentralWriter(db: db))
                    return .commit
                }
                guard let answer else { throw StoreError(.failed, "\(path): the transaction ended without an answer") }
                return answer
            }
        }
    }

    /// Runs what a write would do, and undoes all of it. What it changes stays in memory, up to 128 MiB of pages; the rest
    /// goes into the write-ahead log, where it counts for nothing.
    public func rehearse<Answer>(_ body: (any CentralWriter) throws -> Answer) throws -> Answer {
        try attempt {
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA cache_spill = 8192")
                defer { try? db.execute(sql: "PRAGMA cache_spill = 1") }
                var answer: Answer?
                try db.inTransaction(.immediate) {
                    answer = try body(SQLiteCentralWriter(db: db))
                    return .rollback
                }
                guard let answer else { throw StoreError(.failed, "\(path): the transaction ended without an answer") }
                return answer
            }
        }
    }

    /// Errors of the library become the store's; those of a body stay what they are.
    private func attempt<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do { return try body() } catch let error as DatabaseError { throw StoreError(error, path) }
    }
}
