/// Which tombstones nobody needs any more.
public struct TombstoneLimits: Sendable {
    /// The last change that all terminals have applied: whoever writes from then on knows of the deletes before.
    public var seen: Int64
    /// The last change that is older than the retention time.
    public var expired: Int64
    /// Operations of head office whose deletes stay for the retention time in any case, by their numbers in its journals.
    public var kept: [OwnNumbers]

    /// Limits.
    public init(seen: Int64, expired: Int64, kept: [OwnNumbers]) {
        self.seen = seen
        self.expired = expired
        self.kept = kept
    }
}

/// Removing what nobody needs any more.
public protocol CentralTidyWriter {
    /// Removes tombstones, the oldest first, and keeps only where their histories end. Returns how many, and the last change
    /// of those: a terminal that has not applied that one needs a snapshot.
    func removeTombstones(_ limits: TombstoneLimits, limit: Int) throws -> (count: Int, last: Int64)
}
