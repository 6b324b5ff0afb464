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
        let before = try begin(drafts.count)
        let first = nextSeq
        do throws(JournalError) {
            for draft in drafts { try append(draft, first: first, count: drafts.count) }
        } catch {
            restore(before)
            throw error
        }
        return first...(nextSeq - 1)
    }

    /// The same for drafts that are made one by one, as soon as those before them are written: `written` gets each operation
    /// and the buffer in which it stands. What the closures throw ends it, with nothing added.
    public mutating func append(
        count: Int, _ draft: (Int) throws -> OperationDraft,
        written: (ScannedOperation, UnsafeRawBufferPointer) throws -> Void
    ) throws -> ClosedRange<Int64> {
        let before = try begin(count)
        let first = nextSeq
        do {
            for index in 0..<count {
                let operation = try append(try draft(index), first: first, count: count)
                try group.text.withUnsafeBytes { try written(operation, $0) }
            }
        } catch {
            restore(before)
            throw error
        }
        return first...(nextSeq - 1)
    }

    private typealias State = (text: Int, operations: Int, clock: HybridClock, nextSeq: Int64)

    private func begin(_ count: Int) throws(JournalError) -> State {
        guard count > 0 else { throw refused("a transaction without operations") }
        guard count <= Limits.transactionOperations else {
            throw refused("a transaction of \(count) operations, more than \(Limits.transactionOperations)")
        }
        return (group.text.count, group.operations.count, clock, nextSeq)
    }

    private mutating func restore(_ state: State) {
        group.truncate(text: state.text, operations: state.operations)
        clock = state.clock
        nextSeq = state.nextSeq
    }

    /// What this commit holds so far: the lines, and where in the buffer each operation stands.
    public func withWritten<Result>(
        _ body: (UnsafeRawBufferPointer, ArraySlice<ScannedOperation>) throws -> Result
    ) rethrows -> Result {
        try group.text.withUnsafeBytes { try body($0, group.operations[operationStart...]) }
    }

    @discardableResult
    private mutating func append(
        _ draft: OperationDraft, first: Int64, count: Int
    ) throws(JournalError) -> ScannedOperation {
        let seq = nextSeq
        guard let time = clock.tick(wall: wall) else { throw refused("the clock went back") }
        let start = group.text.count
        OperationWriter.append(
            NumberedOperation(seq: seq, time: time, draft: draft, transaction: count > 1 ? (first, count) : nil),
            to: &group.text)
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
        case .success(let operation):
            group.operations.append(operation)
            nextSeq += 1
            return operation
        case .failure(let error):
            let place = count > 1 ? "operation \(seq - first + 1) of \(count), " : ""
            throw refused("\(place)\(draft.entity) \(draft.id): \(error.reason)")
        }
    }

    private func refused(_ reason: String) -> JournalError { JournalError(.refused, path, reason) }
}
