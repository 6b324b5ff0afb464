/// How long to wait before something that failed is tried again: min(1 s × 2ⁿ, limit), plus up to a quarter of that at random,
/// so that a thousand tills do not come back at the same moment. Times are in milliseconds.
struct Backoff: Sendable, Equatable {
    private static let first: Int64 = 1000

    let limit: Int64
    /// The failures in a row.
    private(set) var failures: Int64 = 0

    init(limit: Int64) { self.limit = limit }

    /// Counts a failure and returns the wait behind it. `jitter` is a random number from 0 to 1.
    mutating func fail(jitter: Double) -> Int64 {
        let doubled = Backoff.first << min(failures, 40)
        failures += 1
        let wait = min(doubled, limit)
        return wait + Int64(Double(wait) / 4 * min(max(jitter, 0), 1))
    }

    mutating func succeed() { failures = 0 }
}
