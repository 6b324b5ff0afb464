import Glibc
import NightdropFormats
import NightdropModel

/// Collects the operations of one commit. Good only within the closure that it is given to.
public struct CommitBuilder {
    private let group: CommitGroup
    private let path: String
    private let wall: Int64
    private let textStart: Int
    private let operationStart: Int
    private(set) var clock: HybridClock
    /// The number that the next operation gets.
    public private(set) var nextSeq: Int64

    init(_ group: CommitGroup, path: String, nextSeq: Int64, clock: HybridClock, wall: Int64) {
        self.group = group
        self.path = path
        self.nextSeq = nextSeq
        self.clock = clock
        self.wall = wall
        textStart = group.text.count
        operationStart = group.operations.count
    }

    /// Adds operations that belong together: several are a transaction. Returns their numbers.
    ///
    /// A line has at most 1 MiB; a transaction, and a commit in all, at most 10,000 operations a transaction and 8 MiB.
    /// What breaks a limit or is no valid operation is refused as a whole, with an error of kind `refused`; what the
    /// commit held before stays.
    public mutating func append(_ drafts: [OperationDraft]) throws(JournalError) -> ClosedRange<Int64> {
        guard !drafts.isEmpty else { throw refused("a transaction without operations") }
        guard drafts.count <= Limits.transactionOperations else {
            throw refused("a transaction of \(drafts.count) operations, more than \(Limits.transactionOperations)")
        }
        let before = (text: group.text.count, operations: group.operations.count, clock: clock)
        let first = nextSeq
        do throws(JournalError) {
            for (index, draft) in drafts.enumerated() {
                try append(
                    draft, seq: first + Int64(index), transaction: drafts.count > 1 ? (first, drafts.count) : nil)
            }
        } catch {
            group.truncate(text: before.text, operations: before.operations)
            clock = before.clock
            throw error
        }
        nextSeq = first + Int64(drafts.count)
        return first...(nextSeq - 1)
    }

    /// What this commit holds so far: the lines, and where in the buffer each operation stands.
    public func withWritten<Result>(
        _ body: (UnsafeRawBufferPointer, ArraySlice<ScannedOperation>) throws -> Result
    ) rethrows -> Result {
        try group.text.withUnsafeBytes { try body($0, group.operations[operationStart...]) }
    }

    private mutating func append(
        _ draft: OperationDraft, seq: Int64, transaction: (first: Int64, count: Int)?
    ) throws(JournalError) {
        guard let time = clock.tick(wall: wall) else { throw refused("the clock went back") }
        let start = group.text.count
        OperationWriter.append(
            NumberedOperation(seq: seq, time: time, draft: draft, transaction: transaction), to: &group.text)
        guard group.text.count - textStart <= Limits.transactionBytes else {
            throw refused("more than \(Limits.transactionBytes >> 20) MiB at once")
        }
        // Whatever is written passes the reader's own checks first.
        let scanned = group.text.withUnsafeBytes { buffer -> Result<ScannedOperation, JSONError> in
            let line = start..<(buffer.count - 1)
            do throws(JSONError) {
                if let base = buffer.baseAddress, memchr(base + start, 0x0A, line.count) != nil {
                    throw JSONError(offset: start, reason: "a line end within a value")
                }
                return .success(try OperationScanner.scan(buffer, line))
            } catch {
                return .failure(JSONError(offset: error.offset - start, reason: error.reason))
            }
        }
        switch scanned {
        case .success(let operation): group.operations.append(operation)
        case .failure(let error):
            let place = transaction.map { "operation \(seq - $0.first + 1) of \($0.count), " } ?? ""
            throw refused("\(place)\(draft.entity) \(draft.id): \(error.reason)")
        }
    }

    private func refused(_ reason: String) -> JournalError { JournalError(.refused, path, reason) }
}
