import NightdropFiles
import NightdropFormats
import NightdropModel

/// What a segment turned out to be.
struct SegmentFacts {
    let header: SegmentHeader
    /// Nil for a segment that is not sealed.
    let trailer: SegmentTrailer?
    let last: Int64
    let count: Int64
    let totals: ControlTotals
    let hash: ContentHash
}

/// Checks the segments in a file: form, numbers, transactions, counts, totals.
enum SegmentCheck {
    /// The segments in a part of a file. A last one may lack its end, if it is not sealed.
    static func segments(_ file: any OpenFile, _ range: Range<Int64>? = nil) throws -> [SegmentFacts] {
        let text = try SegmentText(file, range)
        var found: [SegmentFacts] = []
        var parser: SegmentParser?
        func finish() throws {
            guard let parser else { return }
            found.append(try facts(parser))
        }
        try text.lines { line in
            if isHeader(line) {
                try finish()
                parser = SegmentParser()
            }
            guard parser != nil else {
                throw SegmentError(line: 1, reason: "it does not begin with a segment's header")
            }
            // The newline stands behind the line.
            guard let base = line.baseAddress else { return }
            let whole = UnsafeRawBufferPointer(start: base, count: line.count + 1)
            _ = try parser?.parse(whole, 0..<whole.count) { _ in }
        }
        try finish()
        guard let last = found.last else { throw SegmentError(line: 1, reason: "it holds no segment") }
        guard !text.isTorn || last.trailer == nil else {
            throw SegmentError(line: 1, reason: "something stands behind the last segment")
        }
        return found
    }

    /// Whether a line begins a segment.
    static func isHeader(_ line: UnsafeRawBufferPointer) -> Bool { line.starts(with: "{\"nightdrop\":".utf8) }

    private static func facts(_ parser: SegmentParser) throws(SegmentError) -> SegmentFacts {
        guard let header = parser.header else { throw SegmentError(line: 1, reason: "it has no header") }
        if let claimed = parser.trailer?.totals, claimed != parser.totals {
            throw SegmentError(
                line: Int(parser.count) + 2,
                reason:
                    "the control totals are \(Words.totals(parser.totals)), the last line says \(Words.totals(claimed))"
            )
        }
        return SegmentFacts(
            header: header, trailer: parser.trailer, last: parser.last, count: parser.count, totals: parser.totals,
            hash: parser.hash)
    }
}
