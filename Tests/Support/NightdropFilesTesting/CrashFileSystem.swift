import Glibc
import NightdropFiles
import Synchronization

/// A file system in memory that can lose power: `crashed` gives the file system as it is found afterwards.
///
/// Certain to survive are the content of a file at its last `synchronize`, and the creations, renames and removals in a
/// directory at its last `synchronizeDirectory`. A rename survives whole or not at all, also between directories.
/// Directories survive, as `createDirectory` promises. Not modelled: a medium that loses what it said it had synced,
/// permissions, links, the page cache. Relative paths start at the root.
public final class CrashFileSystem: FileSystem {
    private let tree: Mutex<MemoryTree>

    /// An empty file system, in which it is `time` (milliseconds since 1970).
    public convenience init(time: Int64 = 0) { self.init(tree: MemoryTree(time: time)) }

    private init(tree: MemoryTree) { self.tree = Mutex(tree) }

    /// What is left after a power cut now. This file system stays as it is, so that many cuts can be tried.
    public func crashed(_ loss: Loss = .everything) -> CrashFileSystem {
        CrashFileSystem(tree: tree.withLock { $0.crashed(loss) })
    }

    /// Sets the time that files get when they change, in milliseconds since 1970.
    public func setTime(_ time: Int64) { tree.withLock { $0.time = time } }

    /// Opens a file.
    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        let names = MemoryTree.names(of: path)
        let number = try change { tree throws(FileError) in
            try tree.requireDirectory(names.dropLast(), "open", path)
            if tree.directories.contains(names) { throw FileError(code: EISDIR, operation: "open", path: path) }
            switch (tree.entries[names], mode) {
            case (.some, .createNew): throw FileError(code: EEXIST, operation: "open", path: path)
            case (.some(let number), _): return number
            case (nil, .read), (nil, .update): throw FileError(code: ENOENT, operation: "open", path: path)
            case (nil, .create), (nil, .createNew): return tree.make(names)
            }
        }
        return CrashFile(path: path, number: number, isReadOnly: mode == .read, system: self)
    }

    /// The names in a directory, sorted.
    public func names(in directory: String) throws(FileError) -> [String] {
        let names = MemoryTree.names(of: directory)
        return try change { tree throws(FileError) in
            try tree.requireDirectory(names[...], "list", directory)
            let all = Array(tree.entries.keys) + Array(tree.directories)
            return all.filter { $0.count == names.count + 1 && $0.starts(with: names) }.compactMap(\.last).sorted()
        }
    }

    /// What is at a path; nil if nothing.
    public func status(_ path: String) throws(FileError) -> FileStatus? {
        let names = MemoryTree.names(of: path)
        return tree.withLock { tree in
            if tree.directories.contains(names) { return FileStatus(isDirectory: true, size: 0, modified: 0) }
            guard let number = tree.entries[names], let content = tree.contents[number] else { return nil }
            return FileStatus(isDirectory: false, size: Int64(content.bytes.count), modified: content.modified)
        }
    }

    /// Makes a directory and the ones above it, durably.
    public func createDirectory(_ path: String, permissions: UInt32) throws(FileError) {
        let names = MemoryTree.names(of: path)
        try change { tree throws(FileError) in
            for length in 0...names.count where tree.entries[Array(names[..<length])] != nil {
                throw FileError(
                    code: length == names.count ? EEXIST : ENOTDIR, operation: "make directory", path: path)
            }
            tree.makeDirectory(names)
        }
    }

    /// Moves a file over whatever bears the new name.
    public func rename(_ path: String, to newPath: String) throws(FileError) {
        let (from, to) = (MemoryTree.names(of: path), MemoryTree.names(of: newPath))
        try change { tree throws(FileError) in
            try tree.requireDirectory(to.dropLast(), "rename", path)
            if tree.directories.contains(to) { throw FileError(code: EISDIR, operation: "rename", path: path) }
            guard tree.entries[from] != nil else { throw FileError(code: ENOENT, operation: "rename", path: path) }
            tree.rename(from, to: to)
        }
    }

    /// Removes a file; nothing to do where none is.
    public func remove(_ path: String) throws(FileError) {
        let names = MemoryTree.names(of: path)
        try change { tree throws(FileError) in
            if tree.directories.contains(names) { throw FileError(code: EISDIR, operation: "remove", path: path) }
            if tree.entries[names] != nil { tree.remove(names) }
        }
    }

    /// Makes renames, creations and removals in a directory durable.
    public func synchronizeDirectory(_ path: String) throws(FileError) {
        let names = MemoryTree.names(of: path)
        try change { tree throws(FileError) in
            try tree.requireDirectory(names[...], "open", path)
            tree.synchronizeDirectory(names)
        }
    }

    /// Takes a lock; a power cut releases it.
    public func lock(_ path: String, wait: Bool) throws(FileError) -> any FileLock {
        _ = try open(path, .create(permissions: 0o644))
        let names = MemoryTree.names(of: path)
        while !tree.withLock({ $0.locked.insert(names).inserted }) {
            guard wait else { throw FileError(code: EWOULDBLOCK, operation: "lock", path: path) }
            usleep(1000)
        }
        return CrashLock(names: names, system: self)
    }

    fileprivate func unlock(_ names: [String]) { tree.withLock { _ = $0.locked.remove(names) } }

    /// Typed errors pass through the mutex as a result.
    fileprivate func change<Value: Sendable>(
        _ body: (inout MemoryTree) throws(FileError) -> Value
    ) throws(FileError) -> Value {
        try tree.withLock { tree -> Result<Value, FileError> in
            do throws(FileError) { return .success(try body(&tree)) } catch { return .failure(error) }
        }.get()
    }
}

extension MemoryTree {
    fileprivate func requireDirectory(_ names: ArraySlice<String>, _ operation: String, _ path: String)
        throws(FileError)
    {
        if directories.contains(Array(names)) { return }
        let isBelowFile = (0...names.count).contains { entries[Array(names.prefix($0))] != nil }
        throw FileError(code: isBelowFile ? ENOTDIR : ENOENT, operation: operation, path: path)
    }
}

/// An open file in memory; it stays readable when its name is gone.
private final class CrashFile: OpenFile {
    let path: String
    private let number: MemoryTree.FileNumber
    private let isReadOnly: Bool
    private let system: CrashFileSystem

    init(path: String, number: MemoryTree.FileNumber, isReadOnly: Bool, system: CrashFileSystem) {
        self.path = path
        self.number = number
        self.isReadOnly = isReadOnly
        self.system = system
    }

    func size() throws(FileError) -> Int64 {
        try system.change { tree in Int64(tree.contents[number]?.bytes.count ?? 0) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        let count = buffer.count
        let found = try system.change { tree in
            Array((tree.contents[number]?.bytes ?? []).dropFirst(Int(offset)).prefix(count))
        }
        buffer.copyBytes(from: found)
        return found.count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        try requireWritable("write")
        let new = Array(bytes)
        try system.change { tree in tree.edit(number) { $0.write(new, at: Int(offset)) } }
    }

    func synchronize() throws(FileError) {
        try system.change { tree in tree.synchronize(number) }
    }

    func truncate(to size: Int64) throws(FileError) {
        try requireWritable("truncate")
        try system.change { tree in tree.edit(number) { $0.truncate(to: Int(size)) } }
    }

    func dropCache() {}

    private func requireWritable(_ operation: String) throws(FileError) {
        if isReadOnly { throw FileError(code: EBADF, operation: operation, path: path) }
    }
}

private final class CrashLock: FileLock {
    private let names: [String]
    private let system: CrashFileSystem

    init(names: [String], system: CrashFileSystem) {
        self.names = names
        self.system = system
    }

    deinit { system.unlock(names) }
}
