import NightdropFiles
import NightdropFilesTesting

/// Tar archives made byte by byte (POSIX.1-2017, pax, "ustar Interchange Format"), also wrong ones.
struct TarBytes {
    static let end = [UInt8](repeating: 0, count: 1024)

    var name: [UInt8]
    var content: [UInt8] = []
    var type: Character = "0"
    /// The size field, if it is not to be that of the content.
    var size: [UInt8]?
    var link = ""

    init(_ name: String, _ content: String = "", type: Character = "0", size: [UInt8]? = nil, link: String = "") {
        (self.name, self.content, self.type, self.size, self.link) = (
            Array(name.utf8), Array(content.utf8), type, size, link
        )
    }

    /// Header and content.
    var bytes: [UInt8] { header + TarBytes.padded(content) }

    var header: [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func set(_ offset: Int, _ bytes: some Sequence<UInt8>) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        set(0, name)
        set(100, "000644 ".utf8)
        set(108, "000000 ".utf8)
        set(116, "000000 ".utf8)
        set(124, size ?? TarBytes.octal(content.count))
        set(136, TarBytes.octal(TarBytes.time))
        set(156, String(type).utf8)
        set(157, link.utf8)
        set(257, "ustar\u{0}00".utf8)
        set(329, "000000 ".utf8)
        set(337, "000000 ".utf8)
        set(148, "        ".utf8)
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        set(148, (String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ").utf8)
        return block
    }

    /// A time that all entries have.
    static let time = 1_700_000_000

    static func octal(_ value: Int) -> [UInt8] {
        let digits = String(value, radix: 8)
        return Array((String(repeating: "0", count: 11 - digits.count) + digits + " ").utf8)
    }

    /// A size in the form for large numbers: the highest bit set, then big-endian.
    static func binary(_ value: Int64) -> [UInt8] {
        let sign: UInt8 = value < 0 ? 0xFF : 0
        var bytes =
            [UInt8](repeating: sign, count: 4) + (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
        bytes[0] |= 0x80
        return bytes
    }

    /// A pax extended header with these records, for the entry that follows.
    static func pax(_ records: [(String, String)], type: Character = "x") -> [UInt8] {
        TarBytes("PaxHeaders/x", records.map(record).joined(), type: type).bytes
    }

    static func padded(_ content: [UInt8]) -> [UInt8] {
        content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    private static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while String(length).utf8.count + rest.utf8.count != length { length += 1 }
        return "\(length)\(rest)"
    }
}

/// An open file in memory with these bytes.
func memoryFile(_ bytes: [UInt8] = []) throws -> any OpenFile {
    let system = CrashFileSystem()
    try system.publish("/a.tar", bytes: bytes)
    return try system.open("/a.tar", .update)
}

extension OpenFile {
    /// `count` bytes at an offset; all of them if nil.
    func bytes(at offset: Int64 = 0, count: Int64? = nil) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(try count ?? size()))
        let found = try bytes.withUnsafeMutableBytes { try read(into: $0, at: offset) }
        return Array(bytes[..<found])
    }
}
