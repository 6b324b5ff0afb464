import ArgumentParser
import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel

struct Cat: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the operations or changes in a bundle, a journal segment or a journal.",
        discussion: Manual.page(
            """
            Prints JSON Lines: operations of a till, changes and notices of a return bundle. Nothing is verified; \
            zcat and tar show the same.
            """,
            examples: [
                "nightdrop cat bundle.nightdrop.tar",
                "nightdrop cat T07/journal/1f3c9a20/000001.jsonl.gz | grep 85123A",
            ],
            statuses: [.refused, .notFound, .inputOutput], opensNode: false))

    @Argument(help: "A bundle, a segment, or the folder of a journal.", completion: .file())
    var file: String

    func run() throws {
        let out = Output()
        let disk = DiskFileSystem()
        switch try FileSort(file) {
        case .segment: try Cat.lines(disk.open(file, .read), nil, to: out)
        case .journal:
            for name in try disk.names(in: file) where name.hasSuffix(".jsonl.gz") {
                // While a segment is being sealed both its files are there.
                let isSealedToo =
                    name.hasSuffix(".open.jsonl.gz")
                    ? try disk.status("\(file)/\(name.prefix(6)).jsonl.gz") != nil : false
                if !isSealedToo { try Cat.lines(disk.open("\(file)/\(name)", .read), nil, to: out) }
            }
        case .bundle: try bundle(disk.open(file, .read), to: out)
        case .encrypted:
            throw NightdropError(
                .refused, "\(file) is encrypted; its addressee opens it with age -d -i keys/age_identity \(file)")
        case .request, .node, .directory, .other:
            throw NightdropError(.refused, "\(file) is no bundle, journal segment or journal")
        }
        try out.flush()
    }

    private func bundle(_ file: any OpenFile, to out: Output) throws {
        let archive = try ArchiveReader(file)
        while let entry = try archive.next() {
            guard Cat.folders.contains(where: entry.name.hasPrefix) else { continue }
            let range = entry.offset..<entry.offset + entry.size
            var magic = [UInt8](repeating: 0, count: 2)
            let count = try magic.withUnsafeMutableBytes { try file.read(into: $0, at: entry.offset) }
            if count == 2, magic == [0x1F, 0x8B] {
                try Cat.lines(file, range, to: out)
            } else {
                try Cat.copy(file, range, to: out)
            }
        }
    }

    private static let folders = ["segments/", "changes/", "own/", "notices/"]

    /// The lines of segments and changes without the headers and trailers of segments.
    private static func lines(_ file: any OpenFile, _ range: Range<Int64>?, to out: Output) throws {
        try SegmentText(file, range).lines { line in
            if line.starts(with: "{\"nightdrop\":".utf8) || line.starts(with: "{\"last\":".utf8) { return }
            try out.write(line)
            try out.write([UInt8(ascii: "\n")])
        }
    }

    private static func copy(_ file: any OpenFile, _ range: Range<Int64>, to out: Output) throws {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = Int(min(Int64(buffer.count), range.upperBound - offset))
            let count = try buffer.withUnsafeMutableBytes {
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]), at: offset)
            }
            guard count > 0 else { return }
            try out.write(buffer[..<count])
            offset += Int64(count)
        }
    }
}
