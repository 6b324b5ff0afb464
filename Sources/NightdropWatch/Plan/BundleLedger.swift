import Nightdrop
import NightdropFormats

/// The bundles of a directory that could not be taken in: when to look at them again, and which count as failed.
///
/// What may become whole, or what a disk error kept from being read, is tried again with growing waits. What was refused for
/// what it is stays refused: it is shown, and looked at again when its directory is.
struct BundleLedger: Sendable {
    private struct Entry: Sendable {
        var attempts: Attempts
        var error: String
        var isRefused: Bool
    }

    private let settings: WatchSettings
    private var entries: [String: Entry] = [:]

    init(_ settings: WatchSettings) { self.settings = settings }

    /// When the next of them is worth another look; nil if none is.
    var nextTry: Int64? { entries.values.compactMap { $0.isRefused ? nil : $0.attempts.nextTry }.min() }

    /// Those that count as failed, by file.
    var failed: [WatchReport.Bundle] {
        entries.filter { $0.value.isRefused || $0.value.attempts.hasFailed }
            .map { WatchReport.Bundle(file: $0.key, error: $0.value.error) }
            .sorted { $0.file < $1.file }
    }

    /// Notes what became of the bundles that were seen; what was not seen is gone. Returns those that were not in trouble
    /// before. `jitter` gives random numbers from 0 to 1.
    mutating func note(
        _ outcomes: [BundleOutcome], at now: Int64, jitter: () -> Double
    ) -> [BundleOutcome] {
        var seen: [String: Entry] = [:]
        var new: [BundleOutcome] = []
        for outcome in outcomes where outcome.outcome == .incomplete || outcome.outcome == .refused {
            let known = entries[outcome.file]
            var entry =
                known ?? Entry(attempts: Attempts(settings), error: outcome.reason ?? "", isRefused: false)
            entry.error = outcome.reason ?? entry.error
            entry.isRefused = outcome.outcome == .refused && outcome.status != 74
            // Other bundles bring about visits, too: only a look at its own time counts as a try.
            if known == nil || known?.attempts.nextTry.map({ $0 <= now }) ?? true {
                _ = entry.attempts.fail(at: now, jitter: jitter())
            }
            seen[outcome.file] = entry
            if known == nil || known?.isRefused != entry.isRefused { new.append(outcome) }
        }
        entries = seen
        return new
    }
}
