import Foundation
import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel

/// What a till does at a close of day, and what head office answers.
enum ExportMeasurement {
    /// Records operations, then measures sealing them and writing the bundle. Leaves their lines in `operations.jsonl`.
    static func seal(_ directory: String, operations: Int, seed: UInt64, keepsLines: Bool) throws -> Measurement {
        let journal = try RecordMeasurement.openJournal(directory + "/journal")
        let lines = try FileHandle.forAppending(directory + "/operations.jsonl")
        var till = Till(7, seed: seed)
        var left = operations
        while left > 0 {
            let group: [NumberedOperation] = (0..<min(64, left)).map { _ in till.next(base: 50_000) }
            _ = try RecordMeasurement.commit(journal, group.map { $0.draft })
            var text: [UInt8] = []
            if keepsLines { for operation in group { OperationWriter.append(operation, to: &text) } }
            try lines.write(contentsOf: Data(text))
            left -= group.count
        }
        try lines.close()
        let key = SigningKey.generate(comment: "T07")
        var sealedBytes: Int64 = 0
        var result = try Measurement.of {
            let segments = try journal.seal()
            sealedBytes = segments.reduce(0) { $0 + $1.size }
            try export(segments, key, to: directory)
            return Int64(operations)
        }
        result.more["bytes"] = Double(sealedBytes)
        return result
    }

    private static func export(_ segments: [SegmentInfo], _ key: SigningKey, to directory: String) throws {
        guard let first = segments.first, let header = segments.last?.header else { return }
        var manifest = Manifest(
            kind: .journal, organisation: "Corner Shops",
            from: Manifest.Sender(node: header.node, store: header.store, journal: header.journal, follows: nil),
            to: Corpus.central, created: 1_767_600_000_000, software: "benchmark",
            clock: Manifest.ClockFacts(wall: 1_767_600_000_000, sinceBoot: 1000, lastSeen: 0), first: first.first,
            last: segments.last?.last ?? 0, operations: 0)
        var contents: [BundleContent] = []
        for segment in segments {
            guard let hash = segment.hash, let last = segment.last else { continue }
            let path = "segments/\(Till.digits(Int(segment.number), 6)).jsonl.gz"
            manifest.segments.append(
                Manifest.Segment(number: segment.number, first: segment.first, last: last, hash: hash, path: path))
            manifest.operations += last - segment.first + 1
            contents.append(BundleContent(path, file: segment.path, length: segment.size))
        }
        _ = try BundleWriter.write(
            manifest: manifest, contents: contents, key: key, to: directory + "/" + manifest.fileName,
            fileSystem: DiskFileSystem(), verifyCopy: true)
    }

    /// Writes the return bundle for a till that has nothing yet.
    static func answer(_ central: String, _ node: String, to directory: String) throws -> Measurement {
        let central = try Central(at: central)
        guard let node = NodeID(node) else { throw BenchmarkError("no till \(node)") }
        return try Measurement.of {
            let written = try central.writeReturns([node], to: directory)
            guard let file = written.first?.file else { throw BenchmarkError("nothing was written") }
            try FileManager.default.moveItem(atPath: file, toPath: directory + "/return.tar")
            return 0
        }
    }
}

extension FileHandle {
    /// A new, empty file.
    static func forAppending(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(fileURLWithPath: path))
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }
}
