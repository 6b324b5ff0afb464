import Glibc

/// Clocks, in milliseconds.
enum Clocks {
    /// A clock that never goes back, and counts while the machine sleeps.
    static func monotonic() -> Int64 { read(CLOCK_BOOTTIME) }

    /// Since 1970.
    static func wall() -> Int64 { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
