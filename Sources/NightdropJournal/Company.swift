import Glibc

/// How many callers commit at the same time, as the last write showed: those whom it answered are likely to come back at
/// once, and one sync for all of them is quicker than one for each half, which would take the cores from each other.
///
/// A caller who commits alone never waits for anybody. Who stays away is waited for once, for twice as long as that write
/// took.
struct Company {
    private var callers = 0
    private var end = MonotonicTime()

    /// Notes a write that began at `start` and has ended now, when so many callers were committing, in it or behind it.
    mutating func note(callers: Int, start: MonotonicTime) {
        self.callers = callers
        let now = MonotonicTime.now
        end = MonotonicTime(nanoseconds: now.nanoseconds + 2 * (now.nanoseconds - start.nanoseconds))
    }

    /// Until when a group of so many commits should wait for another; nil if it should not.
    func end(having commits: Int) -> MonotonicTime? {
        commits > 0 && commits < callers && MonotonicTime.now.nanoseconds < end.nanoseconds ? end : nil
    }
}

/// A moment on a clock that nobody sets.
struct MonotonicTime {
    /// Since some moment of the past.
    var nanoseconds: Int64 = 0

    static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    var value: timespec {
        timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}
