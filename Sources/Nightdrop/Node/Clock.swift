import Glibc

/// The clocks of this machine.
enum Clock {
    /// Milliseconds since 1970.
    static func now() -> Int64 { read(CLOCK_REALTIME) }

    /// Milliseconds since the machine was started.
    static func sinceBoot() -> Int64 { read(CLOCK_BOOTTIME) }

    /// Today's date where the machine stands, `2026-11-20`.
    static func today() -> String { date(daysAhead: 0) }

    /// Tomorrow's date where the machine stands.
    static func tomorrow() -> String { date(daysAhead: 1) }

    private static func date(daysAhead days: Int32) -> String {
        var seconds = time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        // At noon, as some days have 23 hours.
        (parts.tm_mday, parts.tm_hour, parts.tm_isdst) = (parts.tm_mday + days, 12, -1)
        _ = mktime(&parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
