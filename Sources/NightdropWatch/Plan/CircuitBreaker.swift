/// Keeps from trying what has just failed several times in a row: then nothing is tried for a while, then one probe is, and
/// if that fails as well, nothing again for as long. Times are in milliseconds of any one clock.
struct CircuitBreaker: Sendable, Equatable {
    /// After how many failures it opens; 0 for never.
    let failures: Int64
    /// How long it stays open.
    let pause: Int64

    private var failed: Int64 = 0
    /// Until when nothing is tried; nil while it is closed.
    private(set) var openUntil: Int64?

    init(failures: Int64, pause: Int64) {
        self.failures = failures
        self.pause = pause
    }

    /// Whether nothing is to be tried now.
    func isOpen(at now: Int64) -> Bool { openUntil.map { now < $0 } ?? false }

    /// Counts a failure. Returns whether that opened it, or opened it again.
    @discardableResult
    mutating func fail(at now: Int64) -> Bool {
        failed += 1
        guard failures > 0, failed >= failures else { return false }
        openUntil = now + pause
        return true
    }

    mutating func succeed() {
        failed = 0
        openUntil = nil
    }

    /// Lets a probe through at once, because something has changed.
    mutating func allowProbe() { if openUntil != nil { openUntil = .min } }
}
