import NightdropModel

/// A new epoch of a store that was restored from a backup.
public struct Restored: Sendable, Equatable {
    /// Why it begins.
    public enum Cause: Sendable, Equatable {
        /// Somebody said so.
        case declared
        /// A terminal has applied a change that the store does not have.
        case noticed(terminal: NodeID, csn: Int64)
    }

    /// The epoch.
    public let epoch: UniqueID
    /// The last change of the store as it began.
    public let csn: Int64
    /// Why it began.
    public let cause: Cause
    /// Whether it begins now. False where nothing has been merged or recorded since it was begun.
    public var isNew = true

    /// In words.
    public var words: String {
        switch cause {
        case _ where !isNew:
            "nothing has been merged or recorded since epoch \(epoch.short) began at change \(csn): nothing to do"
        case .declared:
            "this store goes on from its backup at change \(csn), as epoch \(epoch.short); the tills follow, and bring "
                + "again what it lacks"
        case .noticed(let terminal, let theirs):
            "\(terminal) has applied change \(theirs), which this store does not have: it was restored from a backup. It goes "
                + "on as epoch \(epoch.short); the tills follow, and bring again what it lacks"
        }
    }
}
