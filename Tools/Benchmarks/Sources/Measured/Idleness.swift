import Foundation
import Glibc
import NightdropWatch
import Synchronization

/// Something that has happened once and for all.
final class Occurrence: Sendable {
    private let state = Atomic(false)

    var isRaised: Bool { state.load(ordering: .acquiring) }

    func raise() { state.store(true, ordering: .releasing) }
}

/// When a watch last had something to tell.
final class Idleness: Sendable {
    private let state = Mutex((count: 0, last: Measurement.now(CLOCK_MONOTONIC)))

    var count: Int { state.withLock { $0.count } }

    func note(_ event: WatchEvent) {
        state.withLock { state in
            state.count += 1
            state.last = Measurement.now(CLOCK_MONOTONIC)
        }
    }

    /// Waits until it has told nothing for so many seconds, while its process did next to nothing.
    func wait(quiet seconds: Double) {
        var before = Measurement.now(CLOCK_PROCESS_CPUTIME_ID)
        while true {
            usleep(1_000_000)
            let now = Measurement.now(CLOCK_PROCESS_CPUTIME_ID)
            let isQuiet = now - before < 0.05
            before = now
            if isQuiet, state.withLock({ $0.count > 0 && Measurement.now(CLOCK_MONOTONIC) - $0.last > seconds }) {
                return
            }
        }
    }
}
