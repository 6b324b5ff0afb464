import ArgumentParser
import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a bundle, a journal segment, a journal or an enrollment request holds.",
        discussion: Manual.page(
            """
            Needs no node, and trusts nothing: what is shown is what the file says of itself. Whether it is genuine, \
            nightdrop verify tells.
            """,
            examples: [
                "nightdrop inspect bundle.nightdrop.tar",
                "nightdrop inspect T07/journal/1f3c9a20",
            ],
            statuses: [.refused, .notFound, .inputOutput, .tryAgain], opensNode: false))

    @Argument(help: "A file, or the folder of a journal.", completion: .file())
    var file: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        switch try FileSort(file) {
        case .bundle: try inspectBundle(console)
        case .segment: try inspectSegments(console)
        case .journal: try inspectJournal(console)
        case .request: try inspectRequest(console)
        case .encrypted:
            throw NightdropError(
                .refused, "\(file) is encrypted; its addressee opens it with age -d -i keys/age_identity \(file)")
        case .node: throw NightdropError(.usage, "\(file) is a node; try nightdrop status -C \(file)")
        case .directory, .other:
            throw NightdropError(.refused, "\(file): \(FileSort.nothingOfOurs)")
        }
        try console.out.flush()
    }

    private func inspectBundle(_ console: Console) throws {
        let inspection = try BundleReader.open(file, fileSystem: DiskFileSystem())
        if console.isJSON {
            try console.out.json([
                "file": .string(file), "sort": "bundle",
                "manifest": try JSONValue.parse(inspection.manifest.bytes),
                "fingerprint": .optional(inspection.fingerprint),
                "entries": .array(
                    inspection.entries.map { ["path": .string($0.name), "size": .integer($0.size)] }),
                "problem": .optional(inspection.problem?.summary),
            ])
        } else {
            for line in ManifestWords.lines(inspection.manifest) { try console.out.line(line.visible) }
            try console.out.line("signed with \(inspection.fingerprint ?? "no sound signature")")
            var table = Table(["entry", "bytes"], numbers: [1])
            for entry in inspection.entries { table.add([entry.name, String(entry.size)]) }
            try table.print(to: console)
            if let problem = inspection.problem { try console.out.line(console.style.bad(problem.summary.visible)) }
        }
    }

    private func inspectSegments(_ console: Console) throws {
        for facts in try SegmentCheck.segments(DiskFileSystem().open(file, .read)) {
            if console.isJSON {
                try console.out.json([
                    "file": .string(file), "sort": "segment", "header": try JSONValue.parse(facts.header.line),
                    "trailer": try facts.trailer.map { try JSONValue.parse($0.line) } ?? .null,
                    "operations": .integer(facts.count), "last": .integer(facts.last), "hash": .string(facts.hash.text),
                ])
            } else {
                for line in SegmentWords.lines(facts) { try console.out.line(line.visible) }
            }
        }
    }

    private func inspectJournal(_ console: Console) throws {
        let segments = try JournalReader(fileSystem: DiskFileSystem(), directory: file).segments()
        if console.isJSON {
            for segment in segments {
                try console.out.json([
                    "file": .string(segment.path), "sort": "segment", "segment": .integer(segment.number),
                    "sealed": .bool(segment.isSealed), "first": .integer(segment.first),
                    "last": .optional(segment.last), "size": .integer(segment.size),
                ])
            }
            return
        }
        if let header = segments.first?.header {
            try console.out.line("journal \(header.journal) of \(SegmentWords.owner(header))")
            if let follows = header.follows {
                try console.out.line("follows journal \(follows.journal) from behind operation \(follows.seq)")
            }
        }
        var table = Table(["segment", "first", "last", "bytes", "state", "begun"], numbers: [0, 1, 2, 3])
        for segment in segments {
            table.add([
                String(segment.number), String(segment.first), segment.last.map { String($0) } ?? "",
                String(segment.size), segment.isSealed ? "sealed" : "open", Words.time(segment.header.created),
            ])
        }
        try table.print(to: console)
    }

    private func inspectRequest(_ console: Console) throws {
        let request = try EnrollmentRequest(verifying: DiskFileSystem().contents(file) ?? [])
        if console.isJSON {
            try console.out.json([
                "file": .string(file), "sort": "request", "node": .string(request.node.text),
                "store": .string(request.store.text), "journal": .string(request.journal.text),
                "fingerprint": .string(request.key.fingerprint), "created": .time(request.created),
            ])
        } else {
            try console.out.line("enrollment request of till \(request.node), store \(request.store)")
            try console.out.line("journal \(request.journal), made \(Words.time(request.created))")
            try console.out.line("key \(request.key.fingerprint)")
        }
    }
}
