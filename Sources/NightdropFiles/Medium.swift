/// What stands at a path.
public enum FileKind: Sendable, Equatable {
    /// A regular file.
    case file
    /// A directory.
    case directory
    /// A symbolic link.
    case link
    /// Anything else: a pipe, a socket, a device.
    case other
}

/// What a mounted medium has room for.
public struct Medium: Sendable, Equatable {
    /// The largest file that FAT32 holds: 4 GiB − 1.
    public static let fatFileBytes: Int64 = (4 << 30) - 1

    /// The bytes that this process may still write there.
    public var freeBytes: Int64
    /// The largest file; nil where nothing but the room limits it.
    public var largestFileBytes: Int64?
    /// Whether it is mounted for reading only.
    public var isReadOnly: Bool

    /// A medium.
    public init(freeBytes: Int64, largestFileBytes: Int64? = nil, isReadOnly: Bool = false) {
        self.freeBytes = freeBytes
        self.largestFileBytes = largestFileBytes
        self.isReadOnly = isReadOnly
    }

    /// The largest file that a file system takes, by the name that the system mounts it under. `fuseblk` is NTFS or exFAT,
    /// which know no such limit.
    static func largestFileBytes(_ type: String?) -> Int64? {
        switch type {
        case "vfat", "msdos", "fuse.fusefat": fatFileBytes
        default: nil
        }
    }
}

extension FileSystem {
    /// Where links are not known of.
    public func kind(_ path: String) throws(FileError) -> FileKind? {
        try status(path).map { $0.isDirectory ? .directory : .file }
    }

    /// Not known.
    public func medium(of directory: String) throws(FileError) -> Medium? { nil }
}

/// Which file systems are mounted, as `/proc/self/mountinfo` tells (see proc(5)).
struct MountTable {
    private var types: [String: String] = [:]

    /// From the file's text. Lines of another form are passed over.
    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2, let dash = words.firstIndex(of: "-"), dash + 1 < words.count else { continue }
            types[String(words[2])] = String(words[dash + 1])
        }
    }

    /// The type of the file system with a device number: `vfat`, `ext4` …
    func type(device: UInt64) -> String? {
        let major = (device >> 8) & 0xfff | (device >> 32) & ~0xfff
        let minor = device & 0xff | (device >> 12) & ~0xff
        return types["\(major):\(minor)"]
    }
}
