import Glibc
import Synchronization

/// A bar on standard error for work that takes longer than half a second, if a person looks at a terminal.
final class ProgressBar: Sendable {
    private struct State {
        var lastDrawn: ContinuousClock.Instant?
    }

    private let isShown: Bool
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(_ console: Console) { isShown = isatty(STDERR_FILENO) == 1 && !console.isQuiet }

    /// Shows how much is done, `fraction` between 0 and 1, and a few words.
    func show(_ fraction: Double, _ text: String) {
        guard isShown else { return }
        let now = ContinuousClock.now
        guard now - start > .milliseconds(500) else { return }
        state.withLock { state in
            if let last = state.lastDrawn, now - last < .milliseconds(100) { return }
            state.lastDrawn = now
            let done = Int(min(max(fraction, 0), 1) * 30)
            let bar = String(repeating: "█", count: done) + String(repeating: "░", count: 30 - done)
            ProgressBar.draw("\(bar) \(text)")
        }
    }

    /// Removes the bar.
    func finish() {
        state.withLock { state in
            if state.lastDrawn != nil { ProgressBar.draw("") }
            state.lastDrawn = nil
        }
    }

    private static func draw(_ text: String) {
        let bytes = Array("\r\u{1B}[K\(text)".utf8)
        // A bar that cannot be drawn is not worth an error.
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
