import Nightdrop
import NightdropFiles
import Synchronization

/// A file system over another that knows which directories have not answered a call, and since when.
///
/// A share whose server is gone may keep a call of the system for ever: it neither fails nor returns, and the thread that
/// made it cannot be helped. All that is left to do is to notice it from outside. Calls on anything else are passed on as
/// they are.
final class TimedFileSystem: FileSystem {
    /// When a call was made, by both clocks.
    struct Moment: Sendable, Equatable {
        var monotonic: Int64
        /// In milliseconds since 1970.
        var wall: Int64
    }

    private struct State {
        var directories: Set<String> = []
        var nextNumber = 0
        /// The calls that have not returned, by number.
        var calls: [Int: (directory: String, since: Moment)] = [:]
    }

    private let base: any FileSystem
    private let state = Mutex(State())

    init(over base: any FileSystem) { self.base = base }

    /// Keeps the time of calls on a directory, and on what is below it, from now on.
    func time(_ directory: String) { state.withLock { _ = $0.directories.insert(directory) } }

    /// When the oldest call on a directory was made that has not returned; nil if none is under way.
    func unanswered(in directory: String) -> Moment? {
        state.withLock { state in
            state.calls.values.filter { $0.directory == directory }.map(\.since).min { $0.monotonic < $1.monotonic }
        }
    }

    /// The directory that a path belongs to, if its time is kept.
    private func directory(of path: String) -> String? {
        state.withLock { state in
            state.directories.filter { path == $0 || path.hasPrefix($0 == "/" ? $0 : $0 + "/") }
                .max { $0.utf8.count < $1.utf8.count }
        }
    }

    fileprivate func begin(_ directory: String) -> Int {
        let since = Moment(monotonic: Clocks.monotonic(), wall: Clocks.wall())
        return state.withLock { state in
            state.nextNumber += 1
            state.calls[state.nextNumber] = (directory, since)
            return state.nextNumber
        }
    }

    fileprivate func end(_ number: Int) { state.withLock { _ = $0.calls.removeValue(forKey: number) } }

    fileprivate func timed<Answer>(
        _ path: String, _ call: () throws(FileError) -> Answer
    ) throws(FileError) -> Answer {
        guard let directory = directory(of: path) else { return try call() }
        let number = begin(directory)
        defer { end(number) }
        return try call()
    }

    // MARK: FileSystem

    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        let file = try timed(path) { () throws(FileError) in try base.open(path, mode) }
        return directory(of: path).map { TimedFile(file, in: $0, self) } ?? file
    }

    func names(in directory: String) throws(FileError) -> [String] {
        try timed(directory) { () throws(FileError) in try base.names(in: directory) }
    }

    func status(_ path: String) throws(FileError) -> FileStatus? {
        try timed(path) { () throws(FileError) in try base.status(path) }
    }

    func createDirectory(_ path: String, permissions: UInt32) throws(FileError) {
        try timed(path) { () throws(FileError) in try base.createDirectory(path, permissions: permissions) }
    }

    func rename(_ path: String, to newPath: String) throws(FileError) {
        try timed(path) { () throws(FileError) in try base.rename(path, to: newPath) }
    }

    func remove(_ path: String) throws(FileError) {
        try timed(path) { () throws(FileError) in try base.remove(path) }
    }

    func synchronizeDirectory(_ path: String) throws(FileError) {
        try timed(path) { () throws(FileError) in try base.synchronizeDirectory(path) }
    }

    func lock(_ path: String, wait: Bool) throws(FileError) -> any FileLock { try base.lock(path, wait: wait) }

    func lockFile(_ path: String) throws(FileError) -> any LockFile { try base.lockFile(path) }

    func kind(_ path: String) throws(FileError) -> FileKind? {
        try timed(path) { () throws(FileError) in try base.kind(path) }
    }

    func medium(of directory: String) throws(FileError) -> Medium? {
        try timed(directory) { () throws(FileError) in try base.medium(of: directory) }
    }

    func changeMonitor() throws(FileError) -> any ChangeMonitor {
        TimedMonitor(base: try base.changeMonitor(), fileSystem: self)
    }
}

/// An open file of a directory whose time is kept.
private final class TimedFile: OpenFile {
    /// Nil once it is closed.
    private var base: (any OpenFile)?
    private let directory: String
    private let fileSystem: TimedFileSystem
    let path: String

    init(_ base: any OpenFile, in directory: String, _ fileSystem: TimedFileSystem) {
        self.base = base
        self.directory = directory
        self.fileSystem = fileSystem
        path = base.path
    }

    // Shares may write what they have kept back when a file is closed.
    deinit {
        let number = fileSystem.begin(directory)
        base = nil
        fileSystem.end(number)
    }

    private func timed<Answer>(
        _ call: (any OpenFile) throws(FileError) -> Answer
    ) throws(FileError) -> Answer {
        guard let base else {
            throw FileError(kind: .inputOutput, operation: "use", path: path, reason: "it is closed")
        }
        let number = fileSystem.begin(directory)
        defer { fileSystem.end(number) }
        return try call(base)
    }

    func size() throws(FileError) -> Int64 { try timed { file throws(FileError) in try file.size() } }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        try timed { file throws(FileError) in try file.read(into: buffer, at: offset) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        try timed { file throws(FileError) in try file.write(bytes, at: offset) }
    }

    func synchronize() throws(FileError) { try timed { file throws(FileError) in try file.synchronize() } }

    func truncate(to size: Int64) throws(FileError) {
        try timed { file throws(FileError) in try file.truncate(to: size) }
    }

    func dropCache() throws(FileError) { try timed { file throws(FileError) in try file.dropCache() } }
}

/// To look at a directory from now on is a call on it, too.
private final class TimedMonitor: ChangeMonitor {
    private let base: any ChangeMonitor
    private let fileSystem: TimedFileSystem

    init(base: any ChangeMonitor, fileSystem: TimedFileSystem) {
        self.base = base
        self.fileSystem = fileSystem
    }

    var reportsChanges: Bool { base.reportsChanges }

    func watch(_ directory: String, writes: Bool) throws(FileError) {
        try fileSystem.timed(directory) { () throws(FileError) in try base.watch(directory, writes: writes) }
    }

    func watchMounts() throws(FileError) { try base.watchMounts() }

    func wait(milliseconds: Int64?) -> Set<FileChange> { base.wait(milliseconds: milliseconds) }

    func wake() { base.wake() }
}
