import NightdropFiles
import NightdropFormats
import NightdropModel

/// Central's archive: the segments of each terminal as they came, one gzip file a month, and beside it what came with
/// them. Appended to, and made durable before the commit that points into it.
final class SegmentArchive {
    private let fileSystem: any FileSystem
    private let directory: NodeDirectory
    private let knownLength: (String) throws -> Int64
    private let isPretended: Bool
    private var open: [String: (file: any OpenFile, length: Int64)] = [:]
    /// The folders of files that nothing counts in yet: the files' names are to be made durable as well.
    private var changedFolders: Set<String> = []
    private var lengths: [String: Int64] = [:]
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)

    /// `knownLength` tells how many bytes of an archive file count; what lies behind is left from a crash. One that is
    /// `pretended` writes nothing.
    init(
        _ fileSystem: any FileSystem, _ directory: NodeDirectory, isPretended: Bool = false,
        knownLength: @escaping (String) throws -> Int64
    ) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.isPretended = isPretended
        self.knownLength = knownLength
    }

    /// Where a segment was put.
    struct Place {
        let file: String
        let offset: Int64
        let length: Int64
    }

    /// Appends a part of a file.
    func append(_ source: any OpenFile, _ range: Range<Int64>, to file: String) throws -> Place {
        guard !isPretended else { return Place(file: file, offset: 0, length: Int64(range.count)) }
        let (target, start) = try opened(file)
        var from = range.lowerBound
        var to = start
        while from < range.upperBound {
            let count = try buffer.withUnsafeMutableBytes { bytes in
                let wanted = Int(min(Int64(bytes.count), range.upperBound - from))
                let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]), at: from)
                try target.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), at: to)
                return count
            }
            guard count > 0 else {
                throw FileError(
                    kind: .inputOutput, operation: "read", path: source.path, reason: "the file became shorter")
            }
            from += Int64(count)
            to += Int64(count)
        }
        open[file] = (target, to)
        lengths[file] = to
        return Place(file: file, offset: start, length: to - start)
    }

    /// Appends a line.
    func append(line: [UInt8], to file: String) throws {
        guard !isPretended else { return }
        let (target, start) = try opened(file)
        try (line + [UInt8(ascii: "\n")]).withUnsafeBytes { try target.write($0, at: start) }
        open[file] = (target, start + Int64(line.count) + 1)
        lengths[file] = start + Int64(line.count) + 1
    }

    /// Makes everything appended durable, and tells the lengths that count from then on.
    func synchronize() throws -> [String: Int64] {
        for state in open.values {
            try state.file.synchronize()
        }
        for folder in changedFolders { try fileSystem.synchronizeDirectory(folder) }
        let changed = open.mapValues(\.length)
        open = [:]
        changedFolders = []
        return changed
    }

    private func opened(_ file: String) throws -> (any OpenFile, Int64) {
        if let state = open[file] { return (state.file, state.length) }
        let path = directory.path + "/" + file
        try fileSystem.createDirectory(Path.directory(of: path))
        let target = try fileSystem.open(path, .create(permissions: 0o644))
        let length = try lengths[file] ?? knownLength(file)
        guard try target.size() >= length else {
            throw NightdropError(
                .inputOutput, "\(path) is shorter than the store says: it was restored without the archive, or cut")
        }
        try target.truncate(to: length)
        if length == 0 { changedFolders.insert(Path.directory(of: path)) }
        open[file] = (target, length)
        return (target, length)
    }
}
