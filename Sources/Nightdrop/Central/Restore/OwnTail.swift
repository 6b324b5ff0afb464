import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStore
import Synchronization

/// The last lines of head office's own journal, at hand for the answers to many terminals: a journal is read from the
/// beginning of a segment.
final class OwnTail: Sendable {
    /// Longer stretches are read anew each time.
    private static let mostBytes = 8 << 20

    private struct Held {
        var journal: UniqueID?
        var first: Int64 = 0
        var lines: [[UInt8]] = []
        var bytes = 0

        func has(_ range: ClosedRange<Int64>, of journal: UniqueID) -> Bool {
            self.journal == journal && first <= range.lowerBound && range.upperBound < first + Int64(lines.count)
        }
    }

    private let held = Mutex(Held())

    /// Hands on the operations behind a number, up to those that the store contains.
    func read(
        _ reader: JournalReader, _ journal: JournalRow, after known: Int64,
        _ body: (UnsafeRawBufferPointer, ScannedOperation) throws -> Void
    ) throws {
        guard known < journal.seq else { return }
        let range = (known + 1)...journal.seq
        let present = held.withLock { $0 }
        if present.has(range, of: journal.journal) {
            for seq in range {
                try present.lines[Int(seq - present.first)].withUnsafeBytes { line in
                    try body(line, OperationScanner.scan(line, 0..<line.count))
                }
            }
            return
        }
        var new = Held(journal: journal.journal, first: range.lowerBound)
        try reader.read(from: range.lowerBound, through: range.upperBound) { lines, operations in
            for operation in operations {
                try body(lines, operation)
                new.bytes += operation.line.count
                if new.bytes <= OwnTail.mostBytes { new.lines.append(Array(lines[operation.line])) }
            }
        }
        guard new.bytes <= OwnTail.mostBytes else { return }
        held.withLock { $0 = new }
    }
}
