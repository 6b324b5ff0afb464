/// A reading of a hybrid logical clock: UTC milliseconds, and a counter that orders readings of one millisecond.
///
/// Source: Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014).
public struct HybridTime: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64
    /// Orders readings of the same millisecond.
    public var counter: UInt32

    /// A reading.
    public init(milliseconds: Int64, counter: UInt32 = 0) {
        self.milliseconds = milliseconds
        self.counter = counter
    }

    /// By milliseconds, then counter.
    public static func < (left: HybridTime, right: HybridTime) -> Bool {
        (left.milliseconds, left.counter) < (right.milliseconds, right.counter)
    }
}

/// The clock of one node, which never goes back within a segment.
public struct HybridClock: Sendable {
    /// The last time given out or observed.
    public private(set) var last: HybridTime
    /// How far the clock may run ahead of the wall clock.
    public let skewMilliseconds: Int64

    /// A clock that goes on from `last`.
    public init(
        last: HybridTime = HybridTime(milliseconds: 0), skewMilliseconds: Int64 = Limits.clockSkewMilliseconds
    ) {
        self.last = last
        self.skewMilliseconds = skewMilliseconds
    }

    /// The next time, or nil if the wall clock has fallen behind by more than the skew: then a new segment begins, and
    /// `restart` with it.
    public mutating func tick(wall: Int64) -> HybridTime? {
        if wall > last.milliseconds {
            last = HybridTime(milliseconds: wall)
        } else if last.milliseconds - wall > skewMilliseconds {
            return nil
        } else if last.counter == .max {
            last = HybridTime(milliseconds: last.milliseconds + 1)
        } else {
            last.counter += 1
        }
        return last
    }

    /// Begins again at the wall clock's time.
    public mutating func restart(wall: Int64) -> HybridTime {
        last = HybridTime(milliseconds: wall)
        return last
    }

    /// Moves past a time seen from elsewhere, at most the skew beyond the wall clock.
    public mutating func observe(_ time: HybridTime, wall: Int64) {
        let bounded = min(time, HybridTime(milliseconds: wall + skewMilliseconds))
        last = max(last, bounded)
    }
}
