import Dispatch
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite
import Synchronization

/// Brings the store up to the journal, behind the recording: soon after a commit, many commits at a time, by one thread at a
/// time.
final class CatchUp: Sendable {
    /// While commits follow each other faster than this, the store waits, so as not to take disk and cores from them …
    private static let pause = DispatchTimeInterval.milliseconds(20)
    /// … but never longer than this.
    private static let longestWait: Int64 = 1000
    /// The most operations of one transaction.
    private static let batch: Int64 = 4096

    private let store: TerminalDatabase
    private let journal: JournalWriter
    private let journalID: UniqueID
    private let present: PresentState
    private let queue = DispatchQueue(label: "nightdrop.catchup", qos: .utility)
    private let running = Mutex(())
    private let isScheduled = Atomic(false)
    private let commits = Atomic(0)

    init(_ parts: TerminalParts) {
        store = parts.store
        journal = parts.journal
        journalID = parts.identity.journal
        present = parts.present
    }

    /// Catches up soon, on another thread. What fails is tried again at the next occasion.
    func schedule(_ rules: @escaping @Sendable () -> TerminalRules?, done: @escaping @Sendable () -> Void) {
        commits.add(1, ordering: .relaxed)
        guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        wait(since: Clock.sinceBoot(), rules, done)
    }

    private func wait(
        since start: Int64, _ rules: @escaping @Sendable () -> TerminalRules?, _ done: @escaping @Sendable () -> Void
    ) {
        let before = commits.load(ordering: .relaxed)
        queue.asyncAfter(deadline: .now() + CatchUp.pause) { [weak self] in
            guard let self else { return }
            let isBusy = commits.load(ordering: .relaxed) != before && !present.shouldCatchUp
            guard !isBusy || Clock.sinceBoot() - start >= CatchUp.longestWait else {
                return wait(since: start, rules, done)
            }
            isScheduled.store(false, ordering: .releasing)
            guard let rules = rules() else { return }
            if (try? Background.run { try self.run(rules) }) != nil { done() }
        }
    }

    /// Catches up with everything that is durable now.
    func run(_ rules: TerminalRules) throws {
        let last = journal.lastSeq
        while try step(to: last, rules) {}
    }

    /// Catches up as far as is needed to go on recording.
    func makeRoom(_ rules: TerminalRules) throws {
        while present.mustCatchUp, try step(to: journal.lastSeq, rules) {}
    }

    /// One transaction. Returns whether there is more to do.
    private func step(to last: Int64, _ rules: TerminalRules) throws -> Bool {
        try running.withLock { _ in
            var position = try store.lookUp { try $0.state() }.position(in: journalID)
            if position < last {
                // Taken before the transaction: whoever composes holds the memory and may wait for the store.
                let staged = present.operations(from: position + 1, through: min(last, position + CatchUp.batch))
                position = try store.catchUp(
                    journal: journalID, store: rules.settings.store, policy: rules.policy
                ) { from, take in
                    if let first = staged.first?.first, let end = staged.last?.last, first <= from, from <= end {
                        for commit in staged {
                            try commit.lines.withUnsafeBytes { try take($0, commit.operations[...]) }
                        }
                    } else if from <= last {
                        try read(from, min(last, from + CatchUp.batch - 1), take)
                    }
                }
            }
            present.forget(through: position)
            return position < last
        }
    }

    /// Catches up to an operation that is durable, from the journal alone.
    func runFromJournal(through last: Int64, _ rules: TerminalRules) throws {
        var position: Int64 = -1
        while position < last {
            position = try store.catchUp(
                journal: journalID, store: rules.settings.store, policy: rules.policy
            ) { from, take in
                let through = min(last, from + 4 * CatchUp.batch - 1)
                if from <= through { try read(from, through, take) }
            }
        }
    }

    private func read(
        _ from: Int64, _ through: Int64, _ take: (UnsafeRawBufferPointer, ArraySlice<ScannedOperation>) throws -> Void
    ) throws {
        var next = from
        try journal.reader.read(from: from, through: through) { lines, operations in
            try take(lines, operations[...])
            next = (operations.last?.seq ?? next) + 1
        }
        guard next > from else {
            throw NightdropError(.inputOutput, "the journal lacks operation \(from), which was recorded")
        }
    }
}
