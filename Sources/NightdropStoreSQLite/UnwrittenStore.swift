import GRDB
import Glibc
import NightdropStore

/// A store that is read where it may not be written.
///
/// SQLite keeps what was written last in a log beside the file, and an index of that in a third one, which even a reader
/// makes if it is not there. In a directory that may not be written, a store can therefore be read if somebody has it open,
/// or if the log is gone, as it is once everybody has closed the store: then the file alone is the store.
enum UnwrittenStore {
    /// What SQLite is to open: the file, or where there is no log, the file as one that does not change.
    static func name(_ path: String) throws(StoreError) -> String {
        if size(of: path + "-wal") == 0 { return "file:\(escaped(path))?immutable=1" }
        let index = path + "-shm"
        guard access(index, R_OK) == 0 || access(directory(of: path), W_OK) == 0 else {
            throw StoreError(
                .disk,
                "\(path) was copied while it was open, and what was written last stands beside it; to read that it must be put "
                    + "together, which cannot be done in place: copy the node's directory to where you may write")
        }
        return path
    }

    /// How it is opened.
    static var configuration: GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.label = "nightdrop.look"
        configuration.busyMode = .timeout(60)
        configuration.readonly = true
        return configuration
    }

    /// Why a store cannot be read without changing it.
    static func isOfOlderVersion(_ path: String) -> StoreError {
        StoreError(
            .failed,
            "\(path) is of an older version, and must be changed to be read: copy the node's directory to where you may write"
        )
    }

    private static func size(of path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path in a URI (RFC 3986).
    private static func escaped(_ path: String) -> String {
        path.replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
    }
}
