import Glibc

extension DiskFileSystem {
    /// What stands at a path itself.
    public func kind(_ path: String) throws(FileError) -> FileKind? {
        var found = stat()
        do throws(FileError) {
            try systemCall("look at", path) { lstat(path, &found) }
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
        switch found.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFLNK: return .link
        default: return .other
        }
    }

    /// Free room by statvfs(3), the type of the file system by the table of mounts. Some shares do not tell their room.
    public func medium(of directory: String) throws(FileError) -> Medium? {
        var room = statvfs()
        try systemCall("look at the medium of", directory) { statvfs(directory, &room) }
        var found = stat()
        try systemCall("look at", directory) { stat(directory, &found) }
        let (free, overflow) = Int64(clamping: room.f_bavail).multipliedReportingOverflow(by: Int64(room.f_frsize))
        return Medium(
            freeBytes: overflow || room.f_blocks == 0 ? .max : free,
            largestFileBytes: Medium.largestFileBytes(Self.mounts()?.type(device: UInt64(found.st_dev))),
            isReadOnly: room.f_flag & UInt(ST_RDONLY) != 0)
    }

    /// Read at once: such files show no size.
    private static func mounts() -> MountTable? {
        guard let file = fopen("/proc/self/mountinfo", "re") else { return nil }
        defer { fclose(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = chunk.withUnsafeMutableBytes { fread($0.baseAddress, 1, $0.count, file) }
            if count == 0 { return MountTable(String(decoding: text, as: UTF8.self)) }
            text += chunk[..<count]
        }
    }
}
