import Glibc
import NightdropModel

/// An operation that is written and checked but for its place in a journal: number, time and transaction. What takes long
/// can so be done before it is the operation's turn.
public struct PreparedOperation: Sendable {
    /// The line, as it is without a transaction and with a number and a time that stand for its own.
    private let text: [UInt8]
    /// Where its parts stand in `text`.
    private let scanned: ScannedOperation
    /// What stands between the time and the transaction; what is behind it follows the transaction.
    private let body: Range<Int>

    /// Writes the operation, with everything filled in. Throws, naming the record, where that makes no line that a reader
    /// would take.
    public init(_ draft: OperationDraft) throws(JSONError) {
        var text: [UInt8] = []
        body = OperationWriter.append(draft, behind: PreparedOperation.placeholder, to: &text)
        let result = text.withUnsafeBytes { buffer -> Result<ScannedOperation, JSONError> in
            let line = 0..<(buffer.count - 1)
            do throws(JSONError) {
                if let base = buffer.baseAddress, memchr(base, 0x0A, line.count) != nil {
                    throw JSONError(offset: 0, reason: "a line end within a value")
                }
                return .success(try OperationScanner.scan(buffer, line))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let operation): scanned = operation
        case .failure(let error):
            throw JSONError(offset: error.offset, reason: "\(draft.entity) \(draft.id): \(error.reason)")
        }
        self.text = text
    }

    /// Hands on the line, of which number, time and transaction say nothing, and where its parts stand in it.
    public func withText<Result>(
        _ use: (UnsafeRawBufferPointer, ScannedOperation) throws -> Result
    ) rethrows -> Result {
        try text.withUnsafeBytes { try use($0, scanned) }
    }

    /// Appends the operation's line and its newline, and returns where its parts stand in `out`. Nil, with nothing appended,
    /// where a reader would not take it: the line is too long, or the time none that can be written.
    public func append(
        seq: Int64, time: HybridTime, transaction: (first: Int64, count: Int)?, to out: inout [UInt8]
    ) -> ScannedOperation? {
        guard Timestamp.writable.contains(time.milliseconds) else { return nil }
        let start = out.count
        OperationWriter.append(seq: seq, time: time, to: &out)
        let ahead = out.count - body.lowerBound
        out.append(contentsOf: text[body])
        if let transaction { OperationWriter.append(transaction: transaction, to: &out) }
        let behind = out.count - body.upperBound
        out.append(contentsOf: text[body.upperBound...])
        guard out.count - 1 - start <= Limits.operationBytes else {
            out.removeLast(out.count - start)
            return nil
        }
        var operation = scanned
        operation.seq = seq
        operation.time = time
        operation.transactionFirst = transaction?.first ?? 0
        operation.transactionCount = Int32(transaction?.count ?? 1)
        operation.line = ByteRange(start, out.count - 1)
        operation.entity = scanned.entity.moved(by: ahead)
        operation.id = scanned.id.moved(by: ahead)
        operation.store = scanned.store.moved(by: ahead)
        operation.set = scanned.set.moved(by: ahead)
        operation.was = scanned.was.moved(by: ahead)
        operation.add = scanned.add.moved(by: ahead)
        operation.key = scanned.key.moved(by: behind)
        operation.by = scanned.by.moved(by: behind)
        return operation
    }

    private static let placeholder: [UInt8] = {
        var head: [UInt8] = []
        OperationWriter.append(seq: 1, time: HybridTime(milliseconds: 0), to: &head)
        return head
    }()
}
