import NightdropFiles

/// Tells a file that is still being copied from one that is broken.
public enum Settling {
    /// What to make of a bundle that was not taken: while its file may still change, whatever can come of a half-made copy
    /// is `incomplete`; once it has settled, `incomplete` is `damaged`. Everything else stays as it is.
    ///
    /// `status` is what is known of the file now, `previous` what was at the last look, if there was one. `now` and
    /// `settlingMilliseconds` are in milliseconds, `now` since 1970. A time of change that lies far ahead is no sign of
    /// youth: sticks come from tills whose clocks are wrong.
    public static func judge(
        _ error: BundleError, status: FileStatus?, previous: FileStatus? = nil, now: Int64, settlingMilliseconds: Int64
    ) -> BundleError {
        let isSettled = isSettled(status, previous: previous, now: now, settlingMilliseconds: settlingMilliseconds)
        switch error.code {
        case .damaged, .malformed, .unsigned:
            return isSettled ? error : error.with(.incomplete)
        case .incomplete:
            return isSettled ? error.with(.damaged) : error
        default:
            return error
        }
    }

    /// Whether a file has not changed for the settling time, nor since the last look. One that is gone is not settled.
    public static func isSettled(
        _ status: FileStatus?, previous: FileStatus? = nil, now: Int64, settlingMilliseconds: Int64
    ) -> Bool {
        guard let status else { return false }
        if let previous, previous != status { return false }
        let (age, overflow) = now.subtractingReportingOverflow(status.modified)
        return overflow || age >= settlingMilliseconds || age <= -settlingMilliseconds
    }
}

extension BundleError {
    fileprivate func with(_ code: Code) -> BundleError { BundleError(code, file: file, entry: entry, reason) }
}
