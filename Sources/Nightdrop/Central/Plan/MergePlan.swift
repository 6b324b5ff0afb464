import NightdropFormats
import NightdropModel
import NightdropStore

/// What a merge of some bundles would do: a preview, of which nothing has been done, and the promise that `apply` does
/// exactly this or nothing.
public struct MergePlan: Sendable {
    /// What would become of the operations of an entity.
    public struct Counts: Sendable, Equatable {
        /// They make a record.
        public var new: Int64 = 0
        /// They are here already, or change nothing.
        public var known: Int64 = 0
        /// They change a record, and nobody else has changed the same without their authors' knowledge.
        public var fastForward: Int64 = 0
        /// They lead to a conflict, whoever wins.
        public var conflicting: Int64 = 0

        /// None.
        public init() {}

        mutating func add(_ other: Counts) {
            new += other.new
            known += other.known
            fastForward += other.fastForward
            conflicting += other.conflicting
        }
    }

    /// The sum of a counter over all living records of an entity.
    public struct Counter: Sendable, Equatable {
        /// The entity.
        public let entity: String
        /// The field.
        public let field: String
        /// The sum at present.
        public let before: ExactDecimal
        /// The sum afterwards.
        public let after: ExactDecimal
    }

    /// What must be so for the merge to do what the plan shows, and what it then does.
    public struct Promise: Sendable, Equatable {
        /// Head office.
        public let node: NodeID
        /// The last change of the store, and the merge transaction that gave it.
        public let cursor: Cursor
        /// Head office's own journal, and the position behind the last operation of it.
        public let journal: JournalPosition
        /// The version of the policy.
        public let policyVersion: Int64
        /// The hash of the policy as the store keeps it.
        public let policy: ContentHash
        /// What would become of each bundle.
        public let bundles: [BundleOutcome]
        /// The last change of the store afterwards.
        public let csn: Int64
        /// The hash of everything that would be decided.
        public let outcome: ContentHash
    }

    /// When it was made, in milliseconds since 1970.
    public let made: Int64
    /// What it was made from, and what a merge would come to.
    public let promise: Promise
    /// By entity, what would become of its operations.
    public let entities: [String: Counts]
    /// What all tills' journals add up to at present.
    public let controlTotalsBefore: ControlTotals
    /// What they add up to afterwards.
    public let controlTotalsAfter: ControlTotals
    /// The counters of the entities that would change.
    public let counters: [Counter]
    /// The conflicts, as they would be kept.
    public let conflicts: [ConflictRow]
    /// The numbers of conflicts that are there at present and would be settled.
    public let settled: [Int64]

    /// The exit status that a merge would end with.
    public var status: Int32 {
        var report = MergeReport()
        report.bundles = promise.bundles
        return report.status
    }
}
