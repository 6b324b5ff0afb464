/// The one seam to the file system: everything of Nightdrop that reads or writes files, other than SQLite, goes through it.
///
/// Paths are text as the system takes it. Implementations: `DiskFileSystem`; in the tests one that forgets what was not
/// synced, and one that fails at a chosen call.
public protocol FileSystem: Sendable {
    /// Opens a file.
    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile
    /// The names in a directory, sorted, without `.` and `..`.
    func names(in directory: String) throws(FileError) -> [String]
    /// What is at a path; nil if nothing.
    func status(_ path: String) throws(FileError) -> FileStatus?
    /// Makes a directory and the ones above it, durably; nothing to do where it exists. `permissions` hold for the last
    /// one.
    func createDirectory(_ path: String, permissions: UInt32) throws(FileError)
    /// Moves a file over whatever bears the new name, atomically. Durable once the directory of the new name is
    /// synchronized.
    func rename(_ path: String, to newPath: String) throws(FileError)
    /// Removes a file; nothing to do where none is.
    func remove(_ path: String) throws(FileError)
    /// Makes renames, creations and removals in a directory durable.
    func synchronizeDirectory(_ path: String) throws(FileError)
    /// Takes an advisory lock on a file, which is made if absent; the lock ends with the value. Does not wait unless
    /// asked to; a lock held elsewhere is an error of kind `locked`.
    func lock(_ path: String, wait: Bool) throws(FileError) -> any FileLock
    /// Opens the file of an advisory lock that is taken again and again; it is made if absent.
    func lockFile(_ path: String) throws(FileError) -> any LockFile
    /// What stands at a path itself: symbolic links are not followed; nil if nothing.
    func kind(_ path: String) throws(FileError) -> FileKind?
    /// What the medium that holds a directory has room for; nil where that is not known.
    func medium(of directory: String) throws(FileError) -> Medium?
    /// Waits for changes in directories.
    func changeMonitor() throws(FileError) -> any ChangeMonitor
}

/// How to open a file.
public enum OpenMode: Sendable, Equatable {
    /// For reading only.
    case read
    /// For reading and writing; it must exist.
    case update
    /// For reading and writing; it is made if absent, with these permissions.
    case create(permissions: UInt32)
    /// For reading and writing; it must not exist.
    case createNew(permissions: UInt32)
}

/// What is known of a path without opening it.
public struct FileStatus: Sendable, Equatable {
    /// Whether it is a directory.
    public let isDirectory: Bool
    /// The bytes of a file.
    public let size: Int64
    /// When it was last changed, in milliseconds since 1970.
    public let modified: Int64

    /// A status.
    public init(isDirectory: Bool, size: Int64, modified: Int64) {
        self.isDirectory = isDirectory
        self.size = size
        self.modified = modified
    }
}

/// An open file. Offsets and sizes are in bytes. It closes with the value.
public protocol OpenFile: AnyObject {
    /// The path it was opened by.
    var path: String { get }
    /// Its size.
    func size() throws(FileError) -> Int64
    /// Reads at an offset until the buffer is full or the file ends; returns how many bytes.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int
    /// Writes all bytes at an offset.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError)
    /// Makes the content durable (fdatasync).
    func synchronize() throws(FileError)
    /// Cuts or extends the file.
    func truncate(to size: Int64) throws(FileError)
    /// Drops the file's pages from the page cache, so that the next read comes from the medium.
    func dropCache() throws(FileError)
}

/// A lock that is held until the value ends.
public protocol FileLock: AnyObject, Sendable {}

/// The file of a lock that is taken often: as `FileSystem.lock`, without opening the file each time.
public protocol LockFile: AnyObject, Sendable {
    /// Takes the lock, waiting for it; it ends with the value. One value at a time: taken twice, it is held once.
    func lock() throws(FileError) -> any FileLock
}

extension FileSystem {
    /// By opening the file each time.
    public func lockFile(_ path: String) throws(FileError) -> any LockFile { ReopenedLockFile(self, path) }
}

private final class ReopenedLockFile: LockFile {
    private let fileSystem: any FileSystem
    private let path: String

    init(_ fileSystem: any FileSystem, _ path: String) {
        self.fileSystem = fileSystem
        self.path = path
    }

    func lock() throws(FileError) -> any FileLock { try fileSystem.lock(path, wait: true) }
}
