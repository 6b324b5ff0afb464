import Glibc
import NightdropFiles
import Synchronization

/// The file system of the disk, with a clock that runs while files in `inbox/` or `archive/` are written.
///
/// A merge copies on one thread and commits on the main thread. Only what is copied while the main thread waits for it makes
/// the merge longer, so that is counted on its own.
struct CopyClock: FileSystem {
    private let files = DiskFileSystem()
    private let sums = Sums()

    private final class Sums: Sendable {
        let values = Mutex((seconds: 0.0, held: 0.0))
    }

    /// The seconds spent on copies.
    var seconds: Double { sums.values.withLock { $0.seconds } }
    /// Those of them in which nothing was committed.
    var held: Double { sums.values.withLock { $0.held } }

    fileprivate func time<Result>(
        _ path: String, _ body: () throws(FileError) -> Result
    ) throws(FileError) -> Result {
        guard path.contains("/inbox/") || path.contains("/archive/") else { return try body() }
        let isHeld = CopyClock.isMainThreadWaiting()
        let start = Measurement.now(CLOCK_MONOTONIC)
        let result = try body()
        let elapsed = Measurement.now(CLOCK_MONOTONIC) - start
        let isStillHeld = isHeld && CopyClock.isMainThreadWaiting()
        sums.values.withLock { sums in
            sums.seconds += elapsed
            if isStillHeld { sums.held += elapsed }
        }
        return result
    }

    /// Whether the main thread waits for another one: its present system call is `futex`. Removing copies at the end, on the
    /// main thread itself, holds it up as well.
    private static func isMainThreadWaiting() -> Bool {
        if pthread_equal(pthread_self(), mainThread) != 0 { return true }
        let descriptor = Glibc.open("/proc/self/task/\(getpid())/syscall", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 16)
        guard Glibc.read(descriptor, &text, text.count) > 0 else { return false }
        #if arch(arm64)
            return text.starts(with: "98 ".utf8)
        #else
            return text.starts(with: "202 ".utf8)
        #endif
    }

    private static let mainThread = pthread_self()

    /// On the main thread.
    init() { _ = CopyClock.mainThread }

    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        let file = try time(path) { () throws(FileError) in try files.open(path, mode) }
        return TimedFile(file: file, clock: self)
    }

    func names(in directory: String) throws(FileError) -> [String] { try files.names(in: directory) }

    func status(_ path: String) throws(FileError) -> FileStatus? { try files.status(path) }

    func createDirectory(_ path: String, permissions: UInt32) throws(FileError) {
        try time(path) { () throws(FileError) in try files.createDirectory(path, permissions: permissions) }
    }

    func rename(_ path: String, to newPath: String) throws(FileError) {
        try time(newPath) { () throws(FileError) in try files.rename(path, to: newPath) }
    }

    func remove(_ path: String) throws(FileError) {
        try time(path) { () throws(FileError) in try files.remove(path) }
    }

    func synchronizeDirectory(_ path: String) throws(FileError) {
        try time(path + "/") { () throws(FileError) in try files.synchronizeDirectory(path) }
    }

    func lock(_ path: String, wait: Bool) throws(FileError) -> any FileLock { try files.lock(path, wait: wait) }
}

private final class TimedFile: OpenFile {
    private let file: any OpenFile
    private let clock: CopyClock

    init(file: any OpenFile, clock: CopyClock) {
        self.file = file
        self.clock = clock
    }

    var path: String { file.path }

    func size() throws(FileError) -> Int64 { try file.size() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        try clock.time(path) { () throws(FileError) in try file.write(bytes, at: offset) }
    }

    func synchronize() throws(FileError) {
        try clock.time(path) { () throws(FileError) in try file.synchronize() }
    }

    func truncate(to size: Int64) throws(FileError) {
        try clock.time(path) { () throws(FileError) in try file.truncate(to: size) }
    }

    func dropCache() throws(FileError) { try file.dropCache() }
}
