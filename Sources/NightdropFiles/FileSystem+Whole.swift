import Glibc

extension FileSystem {
    /// All bytes of a file; nil if there is none.
    public func contents(_ path: String) throws(FileError) -> [UInt8]? {
        let file: any OpenFile
        do {
            file = try open(path, .read)
        } catch  where error.kind == .notFound {
            return nil
        }
        let size = Int(try file.size())
        var bytes = [UInt8](repeating: 0, count: size)
        var failure: FileError?
        let count = bytes.withUnsafeMutableBytes { buffer in
            do throws(FileError) { return try file.read(into: buffer, at: 0) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        bytes.removeLast(size - count)
        return bytes
    }

    /// Writes a file under its final name, whole or not at all: `path.partial`, sync, rename, sync of the directory.
    ///
    /// `write` gets the open partial file. If it throws, or anything fails before the rename, nothing is left behind under
    /// either name; if the last sync fails, the whole file is there, but perhaps not after a power cut.
    /// With `verify`, the file is read back from the medium, page cache dropped, and handed to it before the rename.
    /// Without `durably` nothing is synced: for what may be gone after a power cut.
    public func publish(
        _ path: String, permissions: UInt32 = 0o644, durably: Bool = true,
        write: (any OpenFile) throws -> Void,
        verify: ((any OpenFile) throws -> Void)? = nil
    ) throws {
        let partial = path + ".partial"
        try remove(partial)
        do {
            let file = try open(partial, .createNew(permissions: permissions))
            try write(file)
            if durably { try file.synchronize() }
            if let verify {
                try file.dropCache()
                try verify(file)
            }
            try rename(partial, to: path)
        } catch {
            try? remove(partial)
            throw error
        }
        if durably { try synchronizeDirectory(Path.directory(of: path)) }
    }

    /// `publish` of bytes that are at hand.
    public func publish(_ path: String, bytes: [UInt8], permissions: UInt32 = 0o644) throws {
        try publish(path, permissions: permissions) { file in
            try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        }
    }

    /// Makes a directory with the usual permissions, and the ones above it.
    public func createDirectory(_ path: String) throws(FileError) {
        try createDirectory(path, permissions: 0o755)
    }
}

/// Paths as text.
public enum Path {
    /// Everything before the last `/`; `.` where there is none.
    public static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The path from the root: a relative one begins where the process stands.
    public static func whole(_ path: String) -> String {
        guard !path.hasPrefix("/"), let place = getcwd(nil, 0) else { return path }
        defer { free(place) }
        return String(cString: place) + "/" + path
    }

    /// Everything behind the last `/`.
    public static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }
}
