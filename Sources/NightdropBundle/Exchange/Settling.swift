import NightdropFiles
import Synchronization

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

/// Remembers how files looked that were not whole.
///
/// The time at which a file was changed says nothing where a clock is wrong, where the copying tool sets it beforehand, or
/// where a medium keeps local time. What was seen to grow between two looks is on its way all the same, and what has not
/// changed for the settling time between two looks will not, whatever its time says.
public final class FileLooks: Sendable {
    private struct Look {
        var status: FileStatus
        /// When it was first seen so, in milliseconds since 1970.
        var since: Int64
    }

    private static var rememberedFiles: Int { 10_000 }
    private let looks = Mutex<[String: Look]>([:])
    private let refused = Mutex<[String: FileStatus]>([:])

    /// Nothing was looked at yet.
    public init() {}

    /// As `Settling.judge`, for the file at `path`. `before` is what it was when it was opened, `status` what it is now.
    public func judge(
        _ error: BundleError, path: String, before: FileStatus?, status: FileStatus?, now: Int64,
        settlingMilliseconds: Int64
    ) -> BundleError {
        let last = looks.withLock { looks -> Look? in
            let last = looks[path]
            if looks.count >= FileLooks.rememberedFiles { looks.removeAll() }
            looks[path] = status.map { Look(status: $0, since: last?.status == $0 ? last?.since ?? now : now) }
            return last
        }
        var judged = Settling.judge(
            error, status: status, previous: last?.status ?? before, now: now,
            settlingMilliseconds: settlingMilliseconds)
        if let last, last.status == status, now - last.since >= settlingMilliseconds {
            judged = Settling.judge(error, status: status, now: now, settlingMilliseconds: 0)
        }
        if judged.code != .incomplete { looks.withLock { $0[path] = nil } }
        return judged
    }

    /// Notes that a file was refused as it is now. Returns whether that is news: it lies there until somebody removes it,
    /// and whoever looks again learns nothing.
    public func refuse(_ path: String, _ status: FileStatus?) -> Bool {
        refused.withLock { refused in
            if let status, refused[path] == status { return false }
            if refused.count >= FileLooks.rememberedFiles { refused.removeAll() }
            refused[path] = status
            return true
        }
    }
}

extension BundleError {
    fileprivate func with(_ code: Code) -> BundleError { BundleError(code, file: file, entry: entry, reason) }
}
