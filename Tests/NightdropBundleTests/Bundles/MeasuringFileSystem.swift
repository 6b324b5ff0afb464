import NightdropFiles
import Synchronization

/// The disk, and how much is read and written at once.
final class MeasuringFileSystem: FileSystem {
    private let base = DiskFileSystem()
    private let measures = Mutex((largest: 0, total: 0))

    /// The largest piece that was read or written.
    var largestPiece: Int { measures.withLock { $0.largest } }
    /// The bytes that were read and written.
    var total: Int { measures.withLock { $0.total } }

    fileprivate func note(_ count: Int) {
        measures.withLock { $0 = (max($0.largest, count), $0.total + count) }
    }

    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        MeasuredFile(base: try base.open(path, mode), system: self)
    }

    func names(in directory: String) throws(FileError) -> [String] { try base.names(in: directory) }
    func status(_ path: String) throws(FileError) -> FileStatus? { try base.status(path) }
    func createDirectory(_ path: String, permissions: UInt32) throws(FileError) {
        try base.createDirectory(path, permissions: permissions)
    }
    func rename(_ path: String, to newPath: String) throws(FileError) { try base.rename(path, to: newPath) }
    func remove(_ path: String) throws(FileError) { try base.remove(path) }
    func synchronizeDirectory(_ path: String) throws(FileError) { try base.synchronizeDirectory(path) }
    func lock(_ path: String, wait: Bool) throws(FileError) -> any FileLock { try base.lock(path, wait: wait) }
}

private final class MeasuredFile: OpenFile {
    private let base: any OpenFile
    private let system: MeasuringFileSystem

    init(base: any OpenFile, system: MeasuringFileSystem) {
        self.base = base
        self.system = system
    }

    var path: String { base.path }
    func size() throws(FileError) -> Int64 { try base.size() }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        system.note(buffer.count)
        return try base.read(into: buffer, at: offset)
    }
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        system.note(bytes.count)
        try base.write(bytes, at: offset)
    }
    func synchronize() throws(FileError) { try base.synchronize() }
    func truncate(to size: Int64) throws(FileError) { try base.truncate(to: size) }
    func dropCache() throws(FileError) { try base.dropCache() }
}
