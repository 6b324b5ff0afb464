import Glibc

/// The file system of the operating system.
///
/// Calls that a signal interrupts are repeated. No descriptor passes to child processes.
public struct DiskFileSystem: FileSystem {
    /// The file system; paths that are not absolute start at the current directory.
    public init() {}

    /// Opens a regular file; anything else (a directory, a pipe, a device) is refused, because reading it may wait for ever.
    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        if let found = try inspect(path), found.st_mode & S_IFMT != S_IFREG {
            throw FileError(kind: .inputOutput, operation: "open", path: path, reason: "it is not a regular file")
        }
        return DiskFile(path: path, descriptor: try Self.descriptor(path, mode))
    }

    /// The names in a directory, sorted; names that are not UTF-8, which no path can express, are left out.
    public func names(in directory: String) throws(FileError) -> [String] {
        guard let stream = opendir(directory) else {
            throw FileError(code: errno, operation: "list", path: directory)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            guard let name = Self.name(of: entry), name != ".", name != ".." else { continue }
            names.append(name)
        }
        let code = errno
        if code != 0 { throw FileError(code: code, operation: "list", path: directory) }
        return names.sorted()
    }

    /// What is at a path, symbolic links followed; nil if nothing.
    public func status(_ path: String) throws(FileError) -> FileStatus? {
        guard let found = try inspect(path) else { return nil }
        return FileStatus(
            isDirectory: found.st_mode & S_IFMT == S_IFDIR,
            size: Int64(found.st_size),
            modified: Int64(found.st_mtim.tv_sec) * 1000 + Int64(found.st_mtim.tv_nsec) / 1_000_000)
    }

    /// Makes a directory and the ones above it, durably.
    public func createDirectory(_ path: String, permissions: UInt32) throws(FileError) {
        if try status(path)?.isDirectory == true { return }
        let parent = Path.directory(of: path)
        if parent != path { try createDirectory(parent, permissions: 0o755) }
        do throws(FileError) {
            try systemCall("make directory", path) { mkdir(path, permissions) }
        } catch {
            // Somebody else may have made it in between.
            guard error.kind == .exists, try status(path)?.isDirectory == true else { throw error }
        }
        try synchronizeDirectory(parent)
    }

    /// Moves a file over whatever bears the new name, atomically.
    public func rename(_ path: String, to newPath: String) throws(FileError) {
        try systemCall("rename", path) { Glibc.rename(path, newPath) }
    }

    /// Removes a file; nothing to do where none is.
    public func remove(_ path: String) throws(FileError) {
        do throws(FileError) {
            try systemCall("remove", path) { unlink(path) }
        } catch  where error.kind == .notFound {}
    }

    /// Makes renames, creations and removals in a directory durable. Where the medium cannot synchronize directories
    /// (some network and FUSE file systems answer so), nothing is done.
    public func synchronizeDirectory(_ path: String) throws(FileError) {
        let descriptor = try systemCall("open", path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { close(descriptor) }
        do throws(FileError) {
            try systemCall("sync", path) { fsync(descriptor) }
        } catch  where error.code == EINVAL || error.code == EOPNOTSUPP {}
    }

    /// Takes an exclusive `flock(2)`: it belongs to this one opening of the file, so two takers in one process exclude each
    /// other as two processes do, and the system releases it when the process ends, however it ends.
    public func lock(_ path: String, wait: Bool) throws(FileError) -> any FileLock {
        let lock = DiskLock(descriptor: try Self.descriptor(path, .create(permissions: 0o644)))
        try systemCall("lock", path) { flock(lock.descriptor, wait ? LOCK_EX : LOCK_EX | LOCK_NB) }
        return lock
    }

    /// Opens the file of a lock once.
    public func lockFile(_ path: String) throws(FileError) -> any LockFile {
        DiskLockFile(descriptor: try Self.descriptor(path, .create(permissions: 0o644)), path: path)
    }

    /// A monitor that the kernel tells of changes.
    public func changeMonitor() throws(FileError) -> any ChangeMonitor { try DiskChangeMonitor() }

    private func inspect(_ path: String) throws(FileError) -> stat? {
        var found = stat()
        let result = try systemCall("look at", path) {
            let result = stat(path, &found)
            // That nothing is there is no failure, and asked for at every commit.
            return result < 0 && errno == ENOENT ? 1 : result
        }
        return result == 0 ? found : nil
    }

    private static func descriptor(_ path: String, _ mode: OpenMode) throws(FileError) -> Int32 {
        let (flags, permissions): (Int32, mode_t) =
            switch mode {
            // Where a pipe has taken the file's place meanwhile, opening it does not wait for a writer.
            case .read: (O_RDONLY | O_NONBLOCK, 0)
            case .update: (O_RDWR, 0)
            case .create(let permissions): (O_RDWR | O_CREAT, permissions)
            case .createNew(let permissions): (O_RDWR | O_CREAT | O_EXCL, permissions)
            }
        return try systemCall("open", path) { Glibc.open(path, flags | O_CLOEXEC | O_NOCTTY, permissions) }
    }

    /// The name in a directory entry. The system allots only as many bytes as the name needs, so the field must not be
    /// copied out as the array of 256 bytes that it is declared as.
    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String? {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return nil }
        let start = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
        return String(validatingCString: start)
    }
}

/// A lock that is held by an open descriptor.
private final class DiskLock: FileLock {
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        // Closing is not enough while a child process that is just starting still has a copy of the descriptor.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}

/// The open file of a lock.
private final class DiskLockFile: LockFile {
    let descriptor: Int32
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func lock() throws(FileError) -> any FileLock {
        try systemCall("lock", path) { flock(descriptor, LOCK_EX) }
        return Held(file: self)
    }

    private final class Held: FileLock {
        private let file: DiskLockFile

        init(file: DiskLockFile) { self.file = file }

        deinit { flock(file.descriptor, LOCK_UN) }
    }
}
