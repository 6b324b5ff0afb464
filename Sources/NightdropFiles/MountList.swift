/// What is mounted, as `/proc/self/mountinfo` tells (proc(5)).
public struct MountList: Sendable, Equatable {
    /// The kernel's file; poll(2) on it tells of changes.
    public static let path = "/proc/self/mountinfo"

    /// A mounted file system.
    public struct Mount: Sendable, Hashable {
        /// Where it is mounted.
        public let path: String
        /// Its type: `vfat`, `ext4`, `cifs` …
        public let type: String
    }

    /// The mounts, in the kernel's order.
    public let mounts: [Mount]

    /// Reads the kernel's text: ids, device, root, mount point, options, optional fields, `-`, type, source, options.
    public init(_ text: String) {
        mounts = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash > 4, fields.count > dash + 1 else { return nil }
            return Mount(path: MountList.unescaped(fields[4]), type: String(fields[dash + 1]))
        }
    }

    /// What is mounted now. Read whole by pieces: the kernel states no size.
    public static func current() throws(FileError) -> MountList {
        MountList(String(decoding: try readStream(path), as: UTF8.self))
    }

    /// The paths below some directories at which something is mounted, each once, sorted.
    public func paths(below directories: [String]) -> [String] {
        let found = mounts.map(\.path).filter { path in directories.contains { path.hasPrefix($0 + "/") } }
        return Set(found).sorted()
    }

    /// Space, tab, newline and backslash stand as three octal digits behind a backslash.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest.removeFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
