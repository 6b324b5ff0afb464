import NightdropFormats
import NightdropModel

/// What a return bundle brings to a terminal.
public struct ReturnSelection: Sendable {
    /// Changes behind this CSN; 0 for all that there is.
    public var start: Int64
    /// The terminal's store.
    public var store: NodeID
    /// The policy that says who receives what.
    public var policy: Policy
    /// What the terminal receives.
    public var coverage: Coverage
    /// The entities of which it gets all that there is, whatever the start.
    public var whole: Set<String>

    /// A selection.
    public init(start: Int64, store: NodeID, policy: Policy, coverage: Coverage, whole: Set<String> = []) {
        self.start = start
        self.store = store
        self.policy = policy
        self.coverage = coverage
        self.whole = whole
    }
}
