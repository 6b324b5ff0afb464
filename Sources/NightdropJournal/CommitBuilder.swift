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
            for draft in drafts {
                let operation: PreparedOperation
                do throws(JSONError) {
                    operation = try PreparedOperation(draft)
                } catch {
                    throw refused(error.reason, first: first, count: drafts.count)
                }
                try append(operation, first: first, count: drafts.count)
            }
        } catch {
            restore(before)
            throw error
        }
        return first...(nextSeq - 1)
    }

    /// The same for operations that are prepared one by one, as soon as those before them are written. What the closure
    /// throws ends it, with nothing added.
    public mutating func append(
        count: Int, _ prepared: (Int) throws -> PreparedOperation
    ) throws -> ClosedRange<Int64> {
        let before = try begin(count)
        let first = nextSeq
        do {
            for index in 0..<count {
                let operation: PreparedOperation
                do {
                    operation = try prepared(index)
                } catch let error as JSONError {
                    throw refused(error.reason, first: first, count: count)
                }
                try append(operation, first: first, count: count)
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

    private mutating func append(_ operation: PreparedOperation, first: Int64, count: Int) throws(JournalError) {
        guard let time = clock.tick(wall: wall) else { throw refused("the clock went back") }
        let written = operation.append(
            seq: nextSeq, time: time, transaction: count > 1 ? (first, count) : nil, to: &group.text)
        guard let written else {
            throw refused("an operation longer than 1 MiB, or a time beyond the year 9999", first: first, count: count)
        }
        guard group.text.count - textStart <= Limits.transactionBytes else {
            throw refused("more than \(Limits.transactionBytes >> 20) MiB at once")
        }
        group.operations.append(written)
        nextSeq += 1
    }

    private func refused(_ reason: String) -> JournalError { JournalError(.refused, path, reason) }

    /// Why the next of `count` operations is refused.
    private func refused(_ reason: String, first: Int64, count: Int) -> JournalError {
        refused(count > 1 ? "operation \(nextSeq - first + 1) of \(count), \(reason)" : reason)
    }
}
