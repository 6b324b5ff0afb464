import NightdropFiles
import Synchronization

/// A call of the seam to the file system.
public enum FileCall: Sendable, CaseIterable {
    case open, names, status, createDirectory, rename, remove, synchronizeDirectory, lock
    case size, read, write, synchronize, truncate, dropCache
    case kind, medium, watch
}

/// Which calls fail, and how.
public struct Fault: Sendable {
    /// The calls that count.
    public var calls: Set<FileCall>
    /// The one that fails, counted from 1.
    public var number: Int
    /// How it fails.
    public var kind: FileError.Kind
    /// The error number that it gives.
    public var code: Int32
    /// Whether all that count fail from then on, as when the power or the medium is gone.
    public var isLasting: Bool
    /// If the failing call is a write: how many of its bytes are written all the same.
    public var writtenBytes: Int

    /// A fault.
    public init(
        _ calls: Set<FileCall> = Set(FileCall.allCases), number: Int, kind: FileError.Kind = .inputOutput,
        code: Int32 = 0, isLasting: Bool = false, writtenBytes: Int = 0
    ) {
        self.calls = calls
        self.number = number
        self.kind = kind
        self.code = code
        self.isLasting = isLasting
        self.writtenBytes = writtenBytes
    }
}

/// A file system over another, in which chosen calls fail.
public final class FaultFileSystem: FileSystem {
    private let base: any FileSystem
    private let fault: Fault?
    private let counted = Mutex(0)

    /// Without a fault it only counts.
    public init(over base: any FileSystem, _ fault: Fault? = nil) {
        self.base = base
        self.fault = fault
    }

    /// How many calls there were of those that the fault counts; of all if there is none.
    public var callCount: Int { counted.withLock { $0 } }

    /// Whether the fault has happened.
    public var hasFailed: Bool { fault.map { callCount >= $0.number } ?? false }

    /// Opens a file, in which calls may fail too.
    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        try pass(.open, path)
        return FaultFile(base: try base.open(path, mode), system: self)
    }

    /// The names in a directory.
    public func names(in directory: String) throws(FileError) -> [String] {
        try pass(.names, directory)
        return try base.names(in: directory)
    }

    /// What is at a path.
    public func status(_ path: String) throws(FileError) -> FileStatus? {
        try pass(.status, path)
        return try base.status(path)
    }

    /// Makes a directory.
    public func createDirectory(_ path: String, permissions: UInt32) throws(FileError) {
        try pass(.createDirectory, path)
        try base.createDirectory(path, permissions: permissions)
    }

    /// Moves a file.
    public func rename(_ path: String, to newPath: String) throws(FileError) {
        try pass(.rename, path)
        try base.rename(path, to: newPath)
    }

    /// Removes a file.
    public func remove(_ path: String) throws(FileError) {
        try pass(.remove, path)
        try base.remove(path)
    }

    /// Makes the names in a directory durable.
    public func synchronizeDirectory(_ path: String) throws(FileError) {
        try pass(.synchronizeDirectory, path)
        try base.synchronizeDirectory(path)
    }

    /// Takes a lock.
    public func lock(_ path: String, wait: Bool) throws(FileError) -> any FileLock {
        try pass(.lock, path)
        return try base.lock(path, wait: wait)
    }

    /// Counts a call, and throws if it is to fail; `failing` is done first then.
    fileprivate func pass(
        _ call: FileCall, _ path: String, failing: (Fault) throws(FileError) -> Void = { _ in }
    ) throws(FileError) {
        guard let fault else { return counted.withLock { $0 += 1 } }
        guard fault.calls.contains(call) else { return }
        let number = counted.withLock { count in
            count += 1
            return count
        }
        guard number == fault.number || fault.isLasting && number > fault.number else { return }
        if number == fault.number { try failing(fault) }
        throw FileError(kind: fault.kind, operation: "\(call)", path: path, code: fault.code, reason: "made to fail")
    }
}

private final class FaultFile: OpenFile {
    private let base: any OpenFile
    private let system: FaultFileSystem

    init(base: any OpenFile, system: FaultFileSystem) {
        self.base = base
        self.system = system
    }

    var path: String { base.path }

    func size() throws(FileError) -> Int64 {
        try system.pass(.size, path)
        return try base.size()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        try system.pass(.read, path)
        return try base.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        try system.pass(.write, path) { fault throws(FileError) in
            let written = UnsafeRawBufferPointer(rebasing: bytes.prefix(fault.writtenBytes))
            if !written.isEmpty { try base.write(written, at: offset) }
        }
        try base.write(bytes, at: offset)
    }

    func synchronize() throws(FileError) {
        try system.pass(.synchronize, path)
        try base.synchronize()
    }

    func truncate(to size: Int64) throws(FileError) {
        try system.pass(.truncate, path)
        try base.truncate(to: size)
    }

    func dropCache() throws(FileError) {
        try system.pass(.dropCache, path)
        try base.dropCache()
    }
}
