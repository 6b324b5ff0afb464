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

    /// Copies a file of a carrier, unless that was done before. Files of one name whose bytes differ are all kept.
    func keep(_ path: String, over landing: Landing, why reason: String, at time: Int64) throws {
        guard try fileSystem.kind(path) == .file, let status = try fileSystem.status(path) else { return }
        let identity = "\(status.size) bytes, changed \(Timestamp.text(milliseconds: status.modified))"
        let places = Quarantine.names(for: Path.name(of: path), count: mostCopies).map { "\(folder)/\($0)" }
        guard try place(among: places, holding: identity) == nil else { return }
        let landed = landing.path(for: path)
        let hash = status.size <= largestBytes ? try copy(path, to: landed, size: status.size) : nil
        let lock = try fileSystem.lock(lock, wait: true)
        defer { withExtendedLifetime(lock) {} }
        let place: String
        if let hash {
            if let known = try self.place(among: places, holding: hash.description) {
                // The same bytes on another carrier, or copied there again.
                place = known
            } else {
                try makeRoom(for: status.size)
                place = try places.first { try !isTaken($0) } ?? places[0]
                try fileSystem.rename(landed, to: place)
            }
        } else {
            place = try places.first { try fileSystem.status($0) == nil } ?? places[0]
        }
        let text = """
            \(path)
            \(identity)
            refused \(Timestamp.text(milliseconds: time))
            \(reason)
            \(hash.map { "a copy is beside this note, \($0)" } ?? "too large to be copied here")

            """
        try fileSystem.publish(place + Quarantine.noteSuffix, bytes: Array(text.utf8))
    }

    static let noteSuffix = ".why.txt"

    /// What copies of files of one name are called: the first as the file, the others numbered from 2.
    private static func names(for name: String, count: Int) -> [String] {
        let suffix = [".nightdrop.tar", ".nightdrop.tar.age"].first(where: name.hasSuffix) ?? ""
        let stem = name.dropLast(suffix.count)
        return [name] + (2...max(2, count)).map { "\(stem).\($0)\(suffix)" }
    }

    /// The first place whose note says something.
    private func place(among places: [String], holding words: String) throws -> String? {
        try places.first { place in
            let note = try fileSystem.contents(place + Quarantine.noteSuffix) ?? []
            return String(decoding: note, as: UTF8.self).contains(words)
        }
    }

    private func isTaken(_ place: String) throws -> Bool {
        try fileSystem.status(place) != nil || fileSystem.status(place + Quarantine.noteSuffix) != nil
    }

    private func copy(_ path: String, to target: String, size: Int64) throws -> ContentHash {
        let source = try fileSystem.open(path, .read)
        var hasher = ContentHasher()
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
                    let piece = UnsafeRawBufferPointer(rebasing: $0[..<count])
                    hasher.update(piece)
                    try file.write(piece, at: offset)
                }
                offset += Int64(count)
            }
        }
        return hasher.finish()
    }

    /// Removes copies that were left unfinished, then the oldest with their notes, until there is room for one more.
    private func makeRoom(for size: Int64) throws {
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
        for copy in copies where total > largestBytes || count > mostCopies {
            try fileSystem.remove(copy.path)
            try fileSystem.remove(copy.path + Quarantine.noteSuffix)
            total -= copy.status.size
            count -= 1
        }
    }
}
