import Dispatch
import GRDB
import GRDBSQLite
import Synchronization

/// Copies what was committed from the write-ahead log into the file of the store, on a thread and a connection of its own,
/// so that whoever writes goes on meanwhile.
final class Checkpointer: Sendable {
    /// From so many pages on, the log is copied.
    private static let pages: Int32 = 1000
    /// A log that has grown so long is copied by the writer itself: then the other thread cannot keep up.
    private static let mostPages: Int32 = 8192

    private let connection: DatabaseQueue
    private let queue = DispatchQueue(label: "nightdrop.central.checkpoint")
    private let isRunning = Atomic(false)

    init(path: String) throws {
        var configuration = GRDB.Configuration()
        configuration.label = "nightdrop.central.checkpoint"
        connection = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Is told of the commits of a connection, which then makes no checkpoints at its commits. Must outlive it.
    func watch(_ db: Database) {
        guard let raw = db.sqliteConnection else { return }
        let context = Unmanaged.passUnretained(self).toOpaque()
        let committed:
            @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
                context, db, name, pages in
                if pages >= Checkpointer.mostPages {
                    sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
                } else if pages >= Checkpointer.pages, let context {
                    Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue().start()
                }
                return SQLITE_OK
            }
        sqlite3_wal_hook(raw, committed, context)
    }

    private func start() {
        guard !isRunning.exchange(true, ordering: .acquiringAndReleasing) else { return }
        queue.async { [self] in
            // What fails is tried again after the next commit.
            connection.inDatabase { db in _ = try? db.checkpoint(.passive) }
            isRunning.store(false, ordering: .releasing)
        }
    }
}
