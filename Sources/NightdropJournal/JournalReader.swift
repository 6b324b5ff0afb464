import NightdropFiles
import NightdropFormats
import NightdropModel

/// How far a journal's files reach.
public struct JournalExtent: Equatable, Sendable {
    /// The number of the newest segment.
    public let segment: Int64
    /// Its bytes as long as it is open; 0 once it is sealed.
    public let size: Int64
}

/// Reads a journal, also while it is written and sealed. Takes no lock, and sees whole commits only.
public struct JournalReader: Sendable {
    private let directory: JournalDirectory

    /// A reader of the journal in a directory, `<node>/journal/<8 hex digits>`.
    public init(fileSystem: any FileSystem, directory: String) {
        self.directory = JournalDirectory(fileSystem: fileSystem, path: directory)
    }

    /// The first line of the newest segment; nil if there is none.
    public func newestHeader() throws(JournalError) -> SegmentHeader? {
        guard let newest = try directory.entries().last else { return nil }
        return try SegmentReader.header(directory.openForReading(newest.number).file, number: newest.number)
    }

    /// How far the files reach; it changes whenever somebody has appended, in any process.
    public func extent() throws(JournalError) -> JournalExtent? {
        guard let newest = try directory.entries().last else { return nil }
        let size = try directory.size(directory.openPath(newest.number)) ?? 0
        return JournalExtent(segment: newest.number, size: size)
    }

    /// The segments there are, in order, those from a number on. Reads only their first lines.
    public func segments(from number: Int64 = 1) throws(JournalError) -> [SegmentInfo] {
        var infos: [SegmentInfo] = []
        var next: SegmentInfo?
        for entry in try directory.entries().reversed() where entry.number >= number {
            let (file, isSealed) = try directory.openForReading(entry.number)
            let header = try SegmentReader.header(file, number: entry.number)
            let follower = next.flatMap { $0.number == entry.number + 1 ? $0.header : nil }
            let size: Int64
            do throws(FileError) { size = try file.size() } catch { throw JournalError(error) }
            let info = SegmentInfo(
                number: entry.number, path: file.path, isSealed: isSealed, size: size, header: header,
                last: follower.map { $0.first - 1 }, hash: follower?.previous)
            infos.append(info)
            next = info
        }
        return infos.reversed()
    }

    /// Hands on the operations from number `seq` on, up to `last`, by pieces of some 100 KiB: the lines, and where each
    /// operation stands in them. Segments that end before are not read.
    ///
    /// With `last` at the writer's `lastSeq`, only what is durable is read. An error of kind `missing` says that the
    /// journal begins later or lacks a segment.
    public func read(
        from seq: Int64, through last: Int64 = .max,
        _ body: (UnsafeRawBufferPointer, [ScannedOperation]) throws -> Void
    ) throws {
        guard seq <= last, var number = try firstSegment(for: seq) else { return }
        var next = seq
        var hash: ContentHash?
        while next <= last {
            let hasFollower = try directory.has(number + 1)
            let reader = try open(number)
            while let (lines, operations) = try reader.next() {
                let wanted = operations.filter { $0.seq >= next && $0.seq <= last }
                guard let newest = wanted.last else { continue }
                try body(lines, wanted)
                next = newest.seq + 1
            }
            let summary = try reader.summary()
            if let hash, hash != summary.header.previous {
                throw reader.damaged("it does not follow the segment before: their hashes differ")
            }
            // A follower that came meanwhile may have come after more operations: those are read first.
            if hasFollower {
                hash = summary.hash
                number += 1
            } else if try !directory.has(number + 1) {
                return
            }
        }
    }

    /// The line of one operation, without newline.
    public func line(seq: Int64) throws -> [UInt8] {
        var line: [UInt8]?
        try read(from: seq, through: seq) { lines, operations in line = operations.first.map { Array(lines[$0.line]) } }
        guard let line else { throw JournalError(.missing, directory.path, "operation \(seq) is not there") }
        return line
    }

    /// Reads a whole segment and checks every byte, line and sum of it, and that it follows the one before.
    public func verify(_ segment: SegmentInfo, after previous: ContentHash? = nil) throws(JournalError)
        -> SegmentSummary
    {
        let reader = try open(segment.number)
        try reader.readAll()
        let summary = try reader.summary()
        if let previous, summary.header.previous != previous {
            throw reader.damaged("line 1: it does not follow the segment before: their hashes differ")
        }
        return summary
    }

    /// Verifies all segments and the chain between them; `body` gets each.
    public func verify(_ body: (SegmentInfo, SegmentSummary) throws -> Void) throws {
        var before: (number: Int64, hash: ContentHash, last: Int64)?
        for segment in try segments() {
            if let before, segment.number != before.number + 1 {
                throw JournalError(.missing, directory.path, "segment \(before.number + 1) is not there")
            }
            if let before, segment.first != before.last + 1 {
                throw JournalError(
                    .damaged, segment.path,
                    "segment \(segment.number) begins with operation \(segment.first), not with \(before.last + 1)")
            }
            let summary = try verify(segment, after: before?.hash)
            try body(segment, summary)
            before = (segment.number, summary.hash, summary.last)
        }
    }

    private func open(_ number: Int64) throws(JournalError) -> SegmentReader {
        let (file, isSealed) = try directory.openForReading(number)
        return try SegmentReader(file, number: number, isSealed: isSealed)
    }

    private func firstSegment(for seq: Int64) throws(JournalError) -> Int64? {
        var first: SegmentHeader?
        for entry in try directory.entries().reversed() {
            let header = try SegmentReader.header(directory.openForReading(entry.number).file, number: entry.number)
            if let first, first.segment != header.segment + 1 {
                throw JournalError(.missing, directory.path, "segment \(first.segment - 1) is not there")
            }
            if header.first <= seq { return entry.number }
            first = header
        }
        guard let first else { return nil }
        throw JournalError(.missing, directory.path, "the journal begins with operation \(first.first) here")
    }
}
