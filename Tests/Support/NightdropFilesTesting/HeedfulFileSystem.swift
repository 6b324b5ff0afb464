import Glibc
import NightdropFiles
import Synchronization

/// A file system over another that announces every call on what lies in one directory, before it is made. Whoever is told
/// may look around first, or let the call wait at a `Gate`: that is how a share hangs.
public final class HeedfulFileSystem: FileSystem {
    private let base: any FileSystem
    private let root: String
    private let heed: @Sendable (FileCall, String) -> Void

    /// Announces the calls on `root` and on everything below it.
    public init(over base: any FileSystem, root: String, heed: @escaping @Sendable (FileCall, String) -> Void) {
        self.base = base
        self.root = root
        self.heed = heed
    }

    /// Opens a file, whose calls are announced too.
    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        guard isInside(path) else { return try base.open(path, mode) }
        heed(.open, path)
        return HeedfulFile(base: try base.open(path, mode), heed: heed)
    }

    /// The names in a directory.
    public func names(in directory: String) throws(FileError) -> [String] {
        announce(.names, directory)
        return try base.names(in: directory)
    }

    /// What is at a path.
    public func status(_ path: String) throws(FileError) -> FileStatus? {
        announce(.status, path)
        return try base.status(path)
    }

    /// Makes a directory.
    public func createDirectory(_ path: String, permissions: UInt32) throws(FileError) {
        announce(.createDirectory, path)
        try base.createDirectory(path, permissions: permissions)
    }

    /// Moves a file.
    public func rename(_ path: String, to newPath: String) throws(FileError) {
        announce(.rename, path)
        try base.rename(path, to: newPath)
    }

    /// Removes a file.
    public func remove(_ path: String) throws(FileError) {
        announce(.remove, path)
        try base.remove(path)
    }

    /// Makes the names in a directory durable.
    public func synchronizeDirectory(_ path: String) throws(FileError) {
        announce(.synchronizeDirectory, path)
        try base.synchronizeDirectory(path)
    }

    /// Takes a lock.
    public func lock(_ path: String, wait: Bool) throws(FileError) -> any FileLock {
        announce(.lock, path)
        return try base.lock(path, wait: wait)
    }

    /// Opens the file of a lock.
    public func lockFile(_ path: String) throws(FileError) -> any LockFile {
        announce(.lock, path)
        return try base.lockFile(path)
    }

    /// What stands at a path itself.
    public func kind(_ path: String) throws(FileError) -> FileKind? {
        announce(.kind, path)
        return try base.kind(path)
    }

    /// What a medium has room for.
    public func medium(of directory: String) throws(FileError) -> Medium? {
        announce(.medium, directory)
        return try base.medium(of: directory)
    }

    /// A monitor that announces which directories it is to look at.
    public func changeMonitor() throws(FileError) -> any ChangeMonitor {
        HeedfulMonitor(base: try base.changeMonitor(), announce: { [self] in announce(.watch, $0) })
    }

    private func announce(_ call: FileCall, _ path: String) {
        if isInside(path) { heed(call, path) }
    }

    private func isInside(_ path: String) -> Bool { path == root || path.hasPrefix(root + "/") }
}

private final class HeedfulFile: OpenFile {
    private let base: any OpenFile
    private let heed: @Sendable (FileCall, String) -> Void

    init(base: any OpenFile, heed: @escaping @Sendable (FileCall, String) -> Void) {
        self.base = base
        self.heed = heed
    }

    var path: String { base.path }

    func size() throws(FileError) -> Int64 {
        heed(.size, path)
        return try base.size()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        heed(.read, path)
        return try base.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        heed(.write, path)
        try base.write(bytes, at: offset)
    }

    func synchronize() throws(FileError) {
        heed(.synchronize, path)
        try base.synchronize()
    }

    func truncate(to size: Int64) throws(FileError) {
        heed(.truncate, path)
        try base.truncate(to: size)
    }

    func dropCache() throws(FileError) {
        heed(.dropCache, path)
        try base.dropCache()
    }
}

private final class HeedfulMonitor: ChangeMonitor {
    private let base: any ChangeMonitor
    private let announce: @Sendable (String) -> Void

    init(base: any ChangeMonitor, announce: @escaping @Sendable (String) -> Void) {
        self.base = base
        self.announce = announce
    }

    var reportsChanges: Bool { base.reportsChanges }

    func watch(_ directory: String, writes: Bool) throws(FileError) {
        announce(directory)
        try base.watch(directory, writes: writes)
    }

    func watchMounts() throws(FileError) { try base.watchMounts() }

    func wait(milliseconds: Int64?) -> Set<FileChange> { base.wait(milliseconds: milliseconds) }

    func wake() { base.wake() }
}

/// What calls wait at while it is closed.
public final class Gate: Sendable {
    private struct State {
        /// How many calls may still pass; nil for all.
        var passes: Int?
        var passed = 0
        var waiting = 0

        mutating func enter() -> Bool {
            if let passes {
                guard passes > 0 else { return false }
                self.passes = passes - 1
            }
            passed += 1
            return true
        }
    }

    private let state = Mutex(State())

    /// A gate that is open.
    public init() {}

    /// Closes it behind some more calls.
    public func close(after calls: Int = 0) { state.withLock { $0.passes = calls } }

    /// Opens it for all who wait and all who come.
    public func open() { state.withLock { $0.passes = nil } }

    /// How many calls have passed.
    public var passed: Int { state.withLock { $0.passed } }

    /// Whether a call waits.
    public var isHolding: Bool { state.withLock { $0.waiting > 0 } }

    /// Waits until a call waits, or `isOver` says that none will.
    public func awaitHolding(unless isOver: () -> Bool = { false }) {
        while !isHolding && !isOver() { usleep(2000) }
    }

    /// Passes once it is open.
    public func pass() {
        if state.withLock({ $0.enter() }) { return }
        state.withLock { $0.waiting += 1 }
        while !state.withLock({ $0.enter() }) { usleep(2000) }
        state.withLock { $0.waiting -= 1 }
    }
}
