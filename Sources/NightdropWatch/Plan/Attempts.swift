import NightdropFormats

/// When something that can fail is tried, and whether it counts as failed. Times are in milliseconds of any one clock.
struct Attempts: Sendable, Equatable {
    private let retries: Int64
    private let interval: Int64
    private var backoff: Backoff
    private var breaker: CircuitBreaker
    private var retryAt: Int64?

    init(_ settings: WatchSettings) {
        retries = settings.retries
        interval = settings.interval
        backoff = Backoff(limit: settings.retryLimit)
        breaker = CircuitBreaker(failures: settings.breakerFailures, pause: settings.breakerPause)
    }

    /// The failures in a row.
    var failures: Int64 { backoff.failures }
    /// Whether it counts as failed: the first try and all retries were in vain.
    var hasFailed: Bool { failures > retries }
    /// When to try again; nil if the last try went well, or there was none.
    var nextTry: Int64? { retryAt.map { max($0, breaker.openUntil ?? .min) } }

    /// Counts a failure; returns whether nothing is tried for a while now. `jitter` is a random number from 0 to 1.
    mutating func fail(at now: Int64, jitter: Double) -> Bool {
        let wait = backoff.fail(jitter: jitter)
        retryAt = now + (hasFailed ? max(interval, wait) : wait)
        return breaker.fail(at: now)
    }

    mutating func succeed() {
        backoff.succeed()
        breaker.succeed()
        retryAt = nil
    }

    /// Tries at once, because something has changed; the failures go on counting.
    mutating func tryNow(at now: Int64) {
        guard retryAt != nil else { return }
        retryAt = now
        breaker.allowProbe()
    }
}
