import Foundation
import NightdropJournal

/// Lets sales go first while a large bundle is applied.
///
/// A sale waits for the disk, and there it would wait behind what is applied. So while anybody records, in whichever
/// process, applying pauses behind each transaction for a multiple of what that took: few sales meet it at all. A till at
/// which nobody sells applies without a pause.
final class GivingWay {
    /// Applying gets a tenth of the time.
    private static let pausesPerWork = 9.0
    /// The longest pause, in seconds: where a transaction took long it was for other reasons.
    private static let longestPause = 1.0

    private let journal: JournalReader
    private let isEnding: (@Sendable () -> Bool)?
    private var extent: JournalExtent?

    /// Gives way to whoever writes this journal, unless `isEnding`.
    init(to journal: JournalReader, unless isEnding: (@Sendable () -> Bool)?) {
        self.journal = journal
        self.isEnding = isEnding
        extent = try? journal.extent()
    }

    /// Pauses if something was recorded since the last look.
    func pause(after work: Duration) {
        // A journal that cannot be looked at is another's trouble: then there is no pause.
        guard let now = try? journal.extent(), now != extent else { return }
        extent = now
        let (seconds, attoseconds) = work.components
        let worked = Double(seconds) + Double(attoseconds) * 1e-18
        let end = ContinuousClock.now + .seconds(min(worked * GivingWay.pausesPerWork, GivingWay.longestPause))
        while ContinuousClock.now < end, isEnding?() != true { usleep(10_000) }
    }
}
