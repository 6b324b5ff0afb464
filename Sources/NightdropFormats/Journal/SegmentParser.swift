import Glibc
import NightdropModel

/// A segment that is not what its format says: which line, and what is wrong with it.
public struct SegmentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line, counted from 1.
    public let line: Int
    /// What is wrong.
    public let reason: String

    /// An error.
    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }

    /// One clause.
    public var description: String { "line \(line): \(reason)" }
}

/// Reads the text of a segment as it is inflated: header, operations, trailer. Checks numbers, transactions, counts and
/// control totals, and computes the hash of the chain.
public struct SegmentParser {
    /// The first line, once it has been read.
    public private(set) var header: SegmentHeader?
    /// The last line, once it has been read; a segment without one is open.
    public private(set) var trailer: SegmentTrailer?
    /// The number of the last operation read; one less than the header's `first` before that.
    public private(set) var last: Int64 = 0
    /// How many operations have been read.
    public private(set) var count: Int64 = 0

    private var line = 0
    // Looked at for each line, and dearer to look at in `header` and `trailer` themselves.
    private var hasHeader = false
    private var hasTrailer = false
    private var hasher = ContentHasher()
    private var totalsCounter: ControlTotalsCounter?
    private var transaction: (first: Int64, count: Int32) = (0, 0)

    /// A parser at the beginning of a segment.
    public init() {}

    /// The hash of the segment: `previous`, a newline, and the operation lines read so far.
    public var hash: ContentHash { hasher.finish() }
    /// The control totals of the operations read so far.
    public var totals: ControlTotals { totalsCounter?.totals ?? ControlTotals() }
    /// Whether a transaction has begun and not ended.
    public var isWithinTransaction: Bool {
        transaction.first > 0 && last < transaction.first + Int64(transaction.count) - 1
    }

    /// Takes in the whole lines within a range of a buffer, and hands on each operation.
    ///
    /// Returns where the first line begins that is not whole yet; give it again with more text behind it.
    public mutating func parse(
        _ buffer: UnsafeRawBufferPointer, _ range: Range<Int>, _ body: (ScannedOperation) -> Void
    ) throws(SegmentError) -> Int {
        var start = range.lowerBound
        var hashed = start
        while let end = SegmentParser.newline(buffer, start, range.upperBound) {
            line += 1
            try check(length: end - start, line: line)
            if !hasHeader {
                try begin(buffer, start..<end)
                hashed = end + 1
            } else if SegmentParser.isOperation(buffer, start, end) {
                body(try operation(buffer, start..<end))
            } else {
                hasher.update(UnsafeRawBufferPointer(rebasing: buffer[hashed..<start]))
                try finish(buffer, start..<end)
                hashed = end + 1
            }
            start = end + 1
        }
        if start - hashed > 0 { hasher.update(UnsafeRawBufferPointer(rebasing: buffer[hashed..<start])) }
        try check(length: range.upperBound - start, line: line + 1)
        return start
    }

    /// Takes in operations that have been scanned already, as `parse` takes in text: the lines within a range of a buffer.
    public mutating func accept(
        _ operations: ArraySlice<ScannedOperation>, in buffer: UnsafeRawBufferPointer, lines: Range<Int>
    ) throws(SegmentError) {
        for operation in operations {
            line += 1
            try take(operation, in: buffer)
        }
        hasher.update(UnsafeRawBufferPointer(rebasing: buffer[lines]))
    }

    private func check(length: Int, line: Int) throws(SegmentError) {
        guard length <= Limits.operationBytes else {
            throw SegmentError(line: line, reason: "a line longer than 1 MiB")
        }
    }

    private mutating func begin(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) throws(SegmentError) {
        let read: SegmentHeader
        do throws(JSONError) {
            read = try SegmentHeader(line: UnsafeRawBufferPointer(rebasing: buffer[range]))
        } catch {
            throw SegmentError(line: 1, reason: error.description)
        }
        header = read
        hasHeader = true
        last = read.first - 1
        hasher.update(read.previous.text + "\n")
        totalsCounter = ControlTotalsCounter(controlFields: read.controlFields)
    }

    private mutating func operation(
        _ buffer: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(SegmentError) -> ScannedOperation {
        guard !hasTrailer else { throw SegmentError(line: line, reason: "an operation behind the last line") }
        let operation: ScannedOperation
        do throws(JSONError) {
            operation = try OperationScanner.scan(buffer, range)
        } catch {
            let offset = error.offset - range.lowerBound
            throw SegmentError(line: line, reason: "\(error.reason) at byte \(offset)")
        }
        try take(operation, in: buffer)
        return operation
    }

    private mutating func take(_ operation: ScannedOperation, in buffer: UnsafeRawBufferPointer) throws(SegmentError) {
        guard operation.seq == last + 1 else {
            throw SegmentError(line: line, reason: "operation \(operation.seq) follows operation \(last)")
        }
        try follow(operation)
        last = operation.seq
        count += 1
        totalsCounter?.count(operation, in: buffer)
    }

    /// The operations of a transaction stand one behind the other and all name the same numbers.
    private mutating func follow(_ operation: ScannedOperation) throws(SegmentError) {
        if isWithinTransaction {
            guard operation.transactionFirst == transaction.first, operation.transactionCount == transaction.count
            else {
                throw SegmentError(line: line, reason: "transaction \(transaction.first) is not whole")
            }
        } else if operation.transactionFirst > 0 {
            guard operation.transactionFirst == operation.seq else {
                throw SegmentError(line: line, reason: "transaction \(operation.transactionFirst) lacks its beginning")
            }
            transaction = (operation.transactionFirst, operation.transactionCount)
        }
    }

    private mutating func finish(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) throws(SegmentError) {
        guard !hasTrailer else { throw SegmentError(line: line, reason: "something behind the last line") }
        guard !isWithinTransaction else {
            throw SegmentError(line: line, reason: "transaction \(transaction.first) is not whole")
        }
        let read: SegmentTrailer
        do throws(JSONError) {
            read = try SegmentTrailer(line: UnsafeRawBufferPointer(rebasing: buffer[range]))
        } catch {
            throw SegmentError(line: line, reason: error.description)
        }
        guard read.last == last, read.count == count else {
            throw SegmentError(
                line: line,
                reason:
                    "the last line says \(read.count) operations up to \(read.last), there are \(count) up to \(last)")
        }
        guard read.totals == totals else {
            throw SegmentError(line: line, reason: "the control totals differ from those of the operations")
        }
        trailer = read
        hasTrailer = true
    }

    private static func isOperation(_ buffer: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        UnsafeRawBufferPointer(rebasing: buffer[start..<min(start + 7, end)]).matches("{\"seq\":")
    }

    private static func newline(_ buffer: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int? {
        guard start < end, let base = buffer.baseAddress,
            let found = memchr(base + start, Int32(UInt8(ascii: "\n")), end - start)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
