/// The answer to a commit: it is durable.
public struct Recorded: Sendable, Equatable {
    /// The number of its first operation.
    public let first: Int64
    /// The number of its last operation.
    public let last: Int64
    /// Whether a commit with the same key was there already, so that nothing was recorded now; the numbers are that one's.
    public let isRepeat: Bool
    /// The rules that its facts break, a plain sentence each. Facts are recorded nevertheless.
    public let faults: [String]

    /// An answer.
    public init(first: Int64, last: Int64, isRepeat: Bool = false, faults: [String] = []) {
        self.first = first
        self.last = last
        self.isRepeat = isRepeat
        self.faults = faults
    }
}

/// What became of several commits that were recorded together.
public struct RecordedCommits: Sendable {
    /// The answers, in order, up to the first that was refused.
    public var recorded: [Recorded]
    /// Why that one was refused; nil if none was.
    public var failure: NightdropError?

    /// Answers.
    public init(recorded: [Recorded] = [], failure: NightdropError? = nil) {
        self.recorded = recorded
        self.failure = failure
    }
}
