import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Everything that one merge transaction writes: a batch of operations, and what its segments and bundles say besides.
struct PendingMerge {
    /// A bundle from which segments come.
    struct Source {
        let index: Int
        let name: String
        let author: RunAuthor
    }

    /// A segment that begins in this transaction, or one that an interrupted merge has begun.
    struct Segment {
        let row: SegmentRow
        let source: Source
        let journal: UniqueID
    }

    let batch: MergeBatch
    var segments: [Segment] = []
    /// For each run, the bundle that it comes from.
    var sources: [Source] = []
    /// The state of each journal behind this transaction; the codes are the store's to give.
    var journals: [UniqueID: JournalRow] = [:]
    var days: [DayRow] = []
    var terminals: [NodeID: TerminalRow] = [:]
    /// The last operation of each of them that its bundle speaks of, where that tells.
    var lastSpokenOf: [NodeID: Int64] = [:]
    /// Bundles that are wholly in with this transaction.
    var finished: [Source] = []
    var archiveLengths: [String: Int64] = [:]

    init(_ validator: PolicyValidator, expecting count: Int) {
        batch = MergeBatch(policy: validator.policy, validator: validator, expecting: count)
    }

    /// In the memory of a batch that was reset.
    init(in batch: MergeBatch) { self.batch = batch }

    var isEmpty: Bool { batch.operations.isEmpty && segments.isEmpty && finished.isEmpty && terminals.isEmpty }
}
