import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel

/// Copies of what was refused, each with a note why, for people to look at. The carrier keeps its file.
struct Quarantine {
    private let folder: String
    private let lock: String
    private let fileSystem: any FileSystem
    /// The most bytes of all copies; a file that is larger only gets a note. The oldest copies make room.
    var largestBytes: Int64 = 256 << 20
    /// The most copies.
    var mostCopies = 200

    init(_ directory: NodeDirectory, _ fileSystem: any FileSystem) {
        folder = directory.quarantine
        lock = directory.path + "/quarantine.lock"
        self.fileSystem = fileSystem
    }

    /// Copies a file of a carrier, unless that was done before.
    func keep(_ path: String, over landing: Landing, why reason: String, at time: Int64) throws {
        guard try fileSystem.kind(path) == .file, let status = try fileSystem.status(path) else { return }
        let name = Path.name(of: path)
        let identity = "\(status.size) bytes, changed \(Timestamp.text(milliseconds: status.modified))"
        let note = "\(folder)/\(name)\(Quarantine.noteSuffix)"
        if let known = try fileSystem.contents(note), String(decoding: known, as: UTF8.self).contains(identity) {
            return
        }
        let isKept = status.size <= largestBytes
        let landed = landing.path(for: path)
        if isKept { try copy(path, to: landed, size: status.size) }
        let lock = try fileSystem.lock(lock, wait: true)
        defer { withExtendedLifetime(lock) {} }
        if isKept {
            try makeRoom(for: status.size, besides: name)
            try fileSystem.rename(landed, to: "\(folder)/\(name)")
        }
        let text = """
            \(path)
            \(identity)
            refused \(Timestamp.text(milliseconds: time))
            \(reason)
            \(isKept ? "a copy is beside this note" : "too large to be copied here")

            """
        try fileSystem.publish(note, bytes: Array(text.utf8))
    }

    static let noteSuffix = ".why.txt"

    private func copy(_ path: String, to target: String, size: Int64) throws {
        let source = try fileSystem.open(path, .read)
        try fileSystem.publish(target) { file in
            var buffer = [UInt8](repeating: 0, count: 256 << 10)
            var offset: Int64 = 0
            while offset < size {
                let wanted = Int(min(Int64(buffer.count), size - offset))
                let count = try buffer.withUnsafeMutableBytes {
                    try source.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]), at: offset)
                }
                guard count > 0 else { break }
                try buffer.withUnsafeBytes {
                    try file.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), at: offset)
                }
                offset += Int64(count)
            }
        }
    }

    /// Removes copies that were left unfinished, then the oldest with their notes, until there is room for one more.
    private func makeRoom(for size: Int64, besides name: String) throws {
        var copies: [(path: String, status: FileStatus)] = []
        for name in try fileSystem.names(in: folder) {
            let path = "\(folder)/\(name)"
            if name.hasSuffix(".partial") { try fileSystem.remove(path) }
            guard !name.hasSuffix(Quarantine.noteSuffix), try fileSystem.kind(path) == .file,
                let status = try fileSystem.status(path)
            else { continue }
            copies.append((path, status))
        }
        copies.sort { ($0.status.modified, $0.path) < ($1.status.modified, $1.path) }
        var total = copies.reduce(size) { $0 + $1.status.size }
        var count = copies.count + 1
        for copy in copies where (total > largestBytes || count > mostCopies) && Path.name(of: copy.path) != name {
            try fileSystem.remove(copy.path)
            try fileSystem.remove(copy.path + Quarantine.noteSuffix)
            total -= copy.status.size
            count -= 1
        }
    }
}
