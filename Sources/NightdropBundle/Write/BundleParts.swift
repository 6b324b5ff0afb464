import NightdropFiles
import NightdropFormats
import NightdropModel

/// Divides a return, a snapshot or a grant into parts, each of which is a bundle of its own: changes between gzip members,
/// notices between lines. Keys stand in every part; what else there is, in one.
public enum BundleParts {
    /// What a part takes besides manifest and entries: signature, headers, end.
    private static let overheadBytes: Int64 = 16 << 10
    /// What an entry takes besides its content: headers, padding, its line in the manifest.
    private static let entryBytes: Int64 = 3 << 10
    private static let noticesBytes = 16 << 10

    /// Something that must not be divided further.
    private struct Piece {
        let content: BundleContent
        var lines: Int64 = 0
        /// Where it stands in a file of which neighbours may be taken together.
        var range: Range<Int64>?
    }

    /// The manifests and contents of the parts; of the bundle as it is if it is small enough. The contents' files must not
    /// change until the parts are written.
    public static func divide(
        _ manifest: Manifest, _ contents: [BundleContent], limit: Int64, fileSystem: any FileSystem
    ) throws -> [(Manifest, [BundleContent])] {
        var base = Int64(manifest.bytes.count) + overheadBytes
        guard contents.reduce(base, { $0 + $1.size + entryBytes }) > limit else { return [(manifest, contents)] }
        let everywhere = contents.filter { $0.name == EntryRules.keysName }
        base += everywhere.reduce(0) { $0 + $1.size + entryBytes }
        var pieces: [Piece] = []
        for content in contents where content.name != EntryRules.keysName {
            pieces += try self.pieces(of: content, fileSystem)
        }
        let sizes = pieces.map { $0.content.size + entryBytes }
        guard let groups = PartPlan.groups(of: sizes, base: base, limit: limit) else {
            throw BundleError(
                .limit, file: manifest.fileName,
                "some of it cannot be divided: allow files of at least \(base + (sizes.max() ?? 0)) bytes")
        }
        var names = Names()
        return groups.enumerated().map { index, group in
            var part = manifest
            (part.part, part.parts) = (index + 1, groups.count)
            part.operations = pieces[group].reduce(0) { $0 + $1.lines }
            return (part, names.joined(pieces[group]) + everywhere)
        }
    }

    private static func pieces(of content: BundleContent, _ fileSystem: any FileSystem) throws -> [Piece] {
        let isChanges = content.name.hasPrefix("changes/")
        if isChanges || content.name.hasPrefix("own/"), case .file(let path, let range) = content.source {
            return try members(of: fileSystem.open(path, .read), range).map { member, lines in
                Piece(
                    content: BundleContent(
                        content.name, file: path, offset: member.lowerBound, length: Int64(member.count)),
                    lines: isChanges ? lines : 0, range: member)
            }
        }
        if content.name.hasPrefix("notices/"), case .bytes(let bytes) = content.source {
            return lines(bytes).map { Piece(content: BundleContent(content.name, bytes: $0)) }
        }
        return [Piece(content: content)]
    }

    /// Whole lines, together as many as make up a piece.
    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = [[]]
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            if pieces[pieces.count - 1].count + line.count >= noticesBytes { pieces.append([]) }
            pieces[pieces.count - 1] += line + [UInt8(ascii: "\n")]
        }
        return pieces
    }

    /// Where the gzip members of a range of a file stand, and how many lines each has.
    private static func members(
        of file: any OpenFile, _ range: Range<Int64>
    ) throws -> [(range: Range<Int64>, lines: Int64)] {
        let inflater = try GzipDecompressor()
        let text = UnsafeMutableRawBufferPointer.allocate(byteCount: StrictArchive.chunkBytes, alignment: 16)
        defer { text.deallocate() }
        var members: [(Range<Int64>, Int64)] = []
        var (start, offset, lines) = (range.lowerBound, range.lowerBound, Int64(0))
        while offset < range.upperBound {
            let chunk = try file.bytes(
                at: offset, count: Int(min(Int64(StrictArchive.chunkBytes), range.upperBound - offset)))
            guard !chunk.isEmpty else { break }
            try chunk.withUnsafeBytes { chunk in
                var used = 0
                while used < chunk.count {
                    let step = try inflater.inflate(
                        UnsafeRawBufferPointer(rebasing: chunk[used...]), into: text, stopAtMember: true)
                    used += step.read
                    lines += Int64(text[..<step.written].count { $0 == UInt8(ascii: "\n") })
                    guard inflater.isAtMemberEnd else { continue }
                    let end = offset + Int64(used)
                    members.append((start..<end, lines))
                    (start, lines) = (end, 0)
                }
            }
            offset += Int64(chunk.count)
        }
        return members
    }

    /// Entries of one folder are numbered through all parts, so that they can be unpacked side by side.
    private struct Names {
        private var numbers: [String: Int] = [:]

        /// The contents of a part, neighbours in one file taken together.
        mutating func joined(_ pieces: ArraySlice<Piece>) -> [BundleContent] {
            var contents: [BundleContent] = []
            var open: (path: String, range: Range<Int64>)?
            for piece in pieces {
                guard case .file(let path, let range) = piece.content.source, piece.range != nil else {
                    contents.append(renamed(piece.content))
                    open = nil
                    continue
                }
                if let last = open, last.path == path, last.range.upperBound == range.lowerBound {
                    let whole = last.range.lowerBound..<range.upperBound
                    let name = contents.removeLast().name
                    contents.append(
                        BundleContent(name, file: path, offset: whole.lowerBound, length: Int64(whole.count)))
                    open = (path, whole)
                } else {
                    contents.append(renamed(piece.content))
                    open = (path, range)
                }
            }
            return contents
        }

        private mutating func renamed(_ content: BundleContent) -> BundleContent {
            guard let slash = content.name.firstIndex(of: "/"), let dot = content.name.firstIndex(of: "."),
                slash < dot, ["changes", "notices", "own"].contains(content.name[..<slash])
            else { return content }
            let folder = String(content.name[..<slash])
            numbers[folder, default: 0] += 1
            let digits = String(numbers[folder, default: 1])
            let number = String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
            return BundleContent("\(folder)/\(number)\(content.name[dot...])", content.source)
        }
    }
}
