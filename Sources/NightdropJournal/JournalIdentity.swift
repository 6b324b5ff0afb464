import NightdropFormats
import NightdropModel

/// Whose journal it is. Never changes.
public struct JournalIdentity: Sendable, Equatable {
    /// The node that writes the journal.
    public var node: NodeID
    /// Its store; nil at head office.
    public var store: NodeID?
    /// The journal.
    public var journal: UniqueID
    /// The journal that this one follows, and up to where; nil for a node's first.
    public var follows: JournalPosition?

    /// An identity.
    public init(node: NodeID, store: NodeID? = nil, journal: UniqueID, follows: JournalPosition? = nil) {
        self.node = node
        self.store = store
        self.journal = journal
        self.follows = follows
    }
}

/// The conditions under which operations are recorded. Each segment's header states them; a change begins a new segment.
public struct JournalConditions: Sendable, Equatable {
    /// The lifetime of the central store that the node knows; nil before enrollment.
    public var epoch: UniqueID?
    /// The version of the policy; 0 before enrollment.
    public var policyVersion: Int
    /// By entity, the field that control totals sum.
    public var controlFields: [String: String]
    /// The entities that the node receives; nil for all.
    public var receives: [String]?

    /// Conditions.
    public init(
        epoch: UniqueID? = nil, policyVersion: Int = 0, controlFields: [String: String] = [:], receives: [String]? = nil
    ) {
        self.epoch = epoch
        self.policyVersion = policyVersion
        self.controlFields = controlFields
        self.receives = receives
    }

    init(_ header: SegmentHeader) {
        self.init(
            epoch: header.epoch, policyVersion: header.policyVersion, controlFields: header.controlFields,
            receives: header.receives)
    }
}
