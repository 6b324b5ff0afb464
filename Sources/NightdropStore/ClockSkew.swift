/// How far a terminal's clock is off, as far as one bundle tells: in milliseconds, more than zero where it is ahead.
public struct ClockSkew: Sendable, Equatable {
    /// It is off by at least this: the bundle was written before it arrived.
    public var atLeast: Int64
    /// It is off by at most this: the bundle was written after the latest return that the terminal had seen. Nil if it has
    /// seen none.
    public var atMost: Int64?

    /// A skew between two bounds.
    public init(atLeast: Int64, atMost: Int64?) {
        self.atLeast = atLeast
        self.atMost = atMost
    }

    /// What is known for sure: zero where the clock may be right.
    public var estimate: Int64 {
        if atLeast > 0 { return atLeast }
        return min(atMost ?? 0, 0)
    }
}
