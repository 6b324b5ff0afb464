import GRDB
import NightdropFormats
import NightdropModel
import NightdropStore

/// What a return bundle does to a terminal's store, but for its changes.
public struct ReturnTerms: Sendable {
    /// The cursor that it leads to.
    public var reach: NightdropModel.Cursor
    /// What central holds of this terminal's journal.
    public var receipt: Receipt
    /// Whether it starts from nothing and replaces what was confirmed before.
    public var isSnapshot: Bool
    /// Where it does not: the entities of which it does.
    public var whole: Set<String>
    /// What the confirmed state covers from then on.
    public var coverage: Coverage
    /// The policy that holds from then on.
    public var policy: Policy
    /// Its text; nil if the bundle brought none.
    public var policyText: String?
    /// What central has to tell.
    public var notices: [NoticeLine]
    /// When central wrote it, in milliseconds since 1970.
    public var created: Int64
    /// Now, in milliseconds since 1970.
    public var now: Int64
    /// The file's name, for the history.
    public var bundle: String

    /// Terms.
    public init(
        reach: NightdropModel.Cursor, receipt: Receipt, isSnapshot: Bool, whole: Set<String>,
        coverage: Coverage, policy: Policy, policyText: String?, notices: [NoticeLine], created: Int64, now: Int64,
        bundle: String
    ) {
        self.reach = reach
        self.receipt = receipt
        self.isSnapshot = isSnapshot
        self.whole = whole
        self.coverage = coverage
        self.policy = policy
        self.policyText = policyText
        self.notices = notices
        self.created = created
        self.now = now
        self.bundle = bundle
    }
}

/// Applies a return bundle, in transactions of about 20 ms, so that others may write between them.
///
/// Every batch takes the covered operations of its records from the top; the last transaction takes the others, and moves
/// the cursor. Interrupted anywhere, the same or a later bundle is applied again from its beginning.
public final class ReturnApplication {
    /// How long a transaction shall hold the write lock.
    static let holdMicroseconds: Int64 = 20_000

    /// The records whose visible state changed.
    public private(set) var changed: Int64 = 0

    private let store: TerminalDatabase
    private let terms: ReturnTerms
    private let run: Int64
    private let pause: (Duration) throws -> Void
    private var batch = 256

    /// An application that has not begun. Behind each transaction `pause` is called, with how long that took, while
    /// nothing is held.
    public init(
        _ store: TerminalDatabase, _ terms: ReturnTerms, pause: @escaping (Duration) throws -> Void = { _ in }
    ) throws {
        self.store = store
        self.terms = terms
        self.pause = pause
        run = try store.read { try $0.state().generation + 1 }
    }

    /// Applies changes: whole lines.
    public func apply(_ lines: UnsafeRawBufferPointer) throws {
        var start = 0
        while start < lines.count {
            var count = 0
            let held = try transaction { db in
                var writer = try ConfirmedWriter(db, terms, run: run)
                var next = start
                while next < lines.count, count < batch {
                    let end = lines[next...].firstIndex(of: UInt8(ascii: "\n")) ?? lines.count
                    try writer.apply(try ChangeLine(lines, next..<end), in: lines)
                    next = end + 1
                    count += 1
                }
                try writer.finishBatch()
                changed += writer.changed
                start = next
            }
            if count == batch { adapt(to: held) }
            try pause(held)
        }
    }

    /// Ends it: what a snapshot did not hold goes, the other covered operations leave, the cursor moves.
    public func finish() throws {
        if terms.isSnapshot || !terms.whole.isEmpty { try removeStale() }
        try store.write(durably: true) { db in
            var writer = try ConfirmedWriter(db, terms, run: run)
            try writer.removeCovered()
            try writer.finishBatch()
            changed += writer.changed
            try writer.conclude()
        }
    }

    /// Takes what changes nothing that is shown, where the rest has to wait: receipt and notices. The terminal's own facts
    /// that the receipt covers are confirmed; its other operations stay on top until the rest is applied.
    public func takeReceipt() throws {
        try store.write(durably: true) { db in
            var writer = try ConfirmedWriter(db, terms, run: run)
            try writer.removeCovered(factsOnly: true)
            try writer.finishBatch()
            try writer.concludeReceipt()
        }
    }

    private func adapt(to elapsed: Duration) {
        let microseconds = max(
            1, elapsed.components.seconds * 1_000_000 + elapsed.components.attoseconds / 1_000_000_000_000)
        let ideal = Int64(batch) * ReturnApplication.holdMicroseconds / microseconds
        batch = Int(min(max(ideal, Int64(batch) / 4, 16), Int64(batch) * 4, 100_000))
    }

    /// Takes away, by pieces, what was confirmed of what is sent whole, and was not in it.
    private func removeStale() throws {
        var last: Int64? = 0
        while let from = last {
            let held = try transaction { db in
                var writer = try ConfirmedWriter(db, terms, run: run)
                last = try writer.removeStale(behind: from, limit: 4096)
                try writer.finishBatch()
                changed += writer.changed
            }
            try pause(held)
        }
    }

    /// Returns how long it took, with the wait for others.
    private func transaction(_ body: (Database) throws -> Void) throws -> Duration {
        let clock = ContinuousClock()
        let begun = clock.now
        try store.write(body)
        return clock.now - begun
    }
}
