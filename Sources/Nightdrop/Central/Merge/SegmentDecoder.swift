import NightdropFiles
import NightdropFormats
import NightdropMerge
import NightdropModel

/// A segment that was inflated, checked and scanned.
struct DecodedSegment {
    let header: SegmentHeader
    let trailer: SegmentTrailer
    let hash: ContentHash
    let totals: ControlTotals
    let operations: ContiguousArray<ScannedOperation>
    let text: SegmentText

    /// The position behind an operation.
    func position(behind operation: ScannedOperation) -> JournalPosition {
        JournalPosition(
            journal: header.journal, seq: operation.seq, hash: ContentHash.of(text.buffer[operation.line]))
    }
}

/// Inflates and scans sealed segments that stand within a file.
struct SegmentDecoder {
    private var input = [UInt8](repeating: 0, count: 256 << 10)
    private var spareTexts: [SegmentText] = []
    /// Those of the segment before: their memory is used again once nobody holds them any more.
    private var operations: ContiguousArray<ScannedOperation> = []

    /// Takes texts whose memory may be used again, where nobody else holds them.
    mutating func reuse(_ texts: [SegmentText]) {
        spareTexts += texts
        var spare = spareTexts.reduce(0) { $0 + $1.capacity }
        while spare > SegmentDecoder.mostSpareBytes { spare -= spareTexts.removeFirst().capacity }
    }

    /// The segment at a range of a file, with about so many operations. Throws `GzipError`, `SegmentError` or `FileError`.
    mutating func decode(
        _ file: any OpenFile, _ range: Range<Int64>, expecting count: Int64 = 0
    ) throws -> DecodedSegment {
        let inflater = try GzipDecompressor()
        // Operations compress to an eighth or less hardly ever.
        let text = text(for: Int(min(range.upperBound - range.lowerBound, 4 << 20)) * 8)
        var parser = SegmentParser()
        var operations = ContiguousArray<ScannedOperation>()
        swap(&operations, &self.operations)
        operations.removeAll(keepingCapacity: true)
        // What a manifest says is not believed any further.
        operations.reserveCapacity(Int(min(max(count, 0), Int64(Limits.batchOperations))))
        var parsed = 0
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = try input.withUnsafeMutableBytes { buffer in
                let wanted = min(Int64(buffer.count), range.upperBound - offset)
                return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(wanted)]), at: offset)
            }
            guard count > 0 else { throw GzipError("the segment ends early", isTruncated: true) }
            offset += Int64(count)
            try input.withUnsafeBytes { buffer in
                var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                while !rest.isEmpty {
                    var read = 0
                    try text.append(room: SegmentDecoder.room) { room in
                        let (taken, written) = try inflater.inflate(rest, into: room)
                        read = taken
                        guard taken > 0 || written > 0 else { throw GzipError("damaged compressed data") }
                        return written
                    }
                    rest = UnsafeRawBufferPointer(rebasing: rest[read...])
                    parsed = try parser.parse(text.buffer, parsed..<text.count) { operations.append($0) }
                }
            }
            guard text.count <= SegmentDecoder.largestText else {
                throw SegmentError(line: 1, reason: "the segment is larger than a segment can be")
            }
        }
        guard inflater.isAtMemberEnd else { throw GzipError("the segment ends early", isTruncated: true) }
        guard let header = parser.header, let trailer = parser.trailer, parsed == text.count else {
            throw SegmentError(line: 1, reason: "the segment is not sealed")
        }
        self.operations = operations
        return DecodedSegment(
            header: header, trailer: trailer, hash: parser.hash, totals: parser.totals, operations: operations,
            text: text)
    }

    /// A text with room for so many bytes: the smallest spare one that is large enough, or else a new one.
    private mutating func text(for bytes: Int) -> SegmentText {
        // The rest of a segment may still be on its way in another batch.
        for index in spareTexts.indices.reversed() where !isKnownUniquelyReferenced(&spareTexts[index]) {
            spareTexts.remove(at: index)
        }
        // In few sizes, so that what was made for one segment suits others.
        let bytes = (bytes / SegmentDecoder.room + 2) * SegmentDecoder.room
        let fitting = spareTexts.indices.filter { spareTexts[$0].capacity >= bytes }
        guard let best = fitting.min(by: { spareTexts[$0].capacity < spareTexts[$1].capacity }) else {
            return SegmentText(capacity: bytes)
        }
        let text = spareTexts.remove(at: best)
        text.reset()
        return text
    }

    /// So much is inflated at a time.
    private static let room = 512 << 10

    /// The texts of a batch need no more; what is behind the text is never touched.
    private static let mostSpareBytes = 2 * Limits.batchTextBytes

    /// A segment is closed at 16 MiB at the latest, with the commit that reaches it.
    private static let largestText = Limits.segmentTextBytes + Limits.transactionBytes + (4 << 20)
}
