import Glibc
import Nightdrop

/// What all workers have told, in the order of their directories.
struct StatusBoard: Sendable {
    /// Counts since the watch began.
    struct Counts: Sendable, Equatable {
        var exchanges: Int64 = 0
        var failures: Int64 = 0
        var taken: Int64 = 0
        var new: Int64 = 0
        var refused: Int64 = 0
        var written: Int64 = 0
    }

    private struct Row: Sendable {
        var path: String
        var report: WorkerReport?
        var counts = Counts()
        /// Since when the directory does not answer; what its worker told before that is out of date.
        var unanswered: TimedFileSystem.Moment?

        /// What is shown of it.
        var directory: WatchReport.Directory {
            var directory = report?.directory ?? .init(path: path, isReachable: false)
            guard let unanswered else { return directory }
            directory.isReachable = false
            directory.hasFailed = true
            directory.unansweredSince = unanswered.wall
            directory.error = StatusBoard.words(unanswered)
            return directory
        }
    }

    private var rows: [Row] = []
    /// Whether something is different since it was published.
    var isDirty = true

    mutating func add(_ path: String) { rows.append(Row(path: path)) }

    mutating func remove(_ path: String) {
        rows.removeAll { $0.path == path }
        isDirty = true
    }

    /// Notes a report; returns whether it tells something new.
    mutating func take(_ report: WorkerReport) -> Bool {
        guard let index = rows.firstIndex(where: { $0.path == report.directory.path }) else { return false }
        let known = rows[index].report
        rows[index].report = report
        if let summary = report.summary {
            rows[index].counts.exchanges += 1
            rows[index].counts.taken += Int64(summary.taken)
            rows[index].counts.new += summary.new
            rows[index].counts.refused += Int64(summary.refused)
            rows[index].counts.written += Int64(summary.written)
        }
        if report.hasFailed { rows[index].counts.failures += 1 }
        let moved = report.summary.map { !$0.isEmpty } ?? false
        let isNews =
            known?.directory != report.directory || known?.isSyncing != report.isSyncing
            || known?.bundles != report.bundles
            || moved || report.hasFailed
        if isNews { isDirty = true }
        return isNews
    }

    /// Notes since when directories do not answer; the others do. Returns those for which that is news.
    mutating func note(
        unanswered: [String: TimedFileSystem.Moment]
    ) -> (silent: [(path: String, since: TimedFileSystem.Moment)], answering: [(path: String, since: Int64)]) {
        var silent: [(String, TimedFileSystem.Moment)] = []
        var answering: [(String, Int64)] = []
        for index in rows.indices where rows[index].unanswered != unanswered[rows[index].path] {
            let (path, before) = (rows[index].path, rows[index].unanswered)
            rows[index].unanswered = unanswered[path]
            isDirty = true
            if let since = unanswered[path] {
                if before == nil { silent.append((path, since)) }
            } else if let before {
                answering.append((path, before.monotonic))
            }
        }
        return (silent, answering)
    }

    /// What to say of a directory that does not answer.
    static func words(_ since: TimedFileSystem.Moment) -> String {
        var seconds = time_t(since.wall / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return
            "it does not answer since \(two(parts.tm_hour)):\(two(parts.tm_min)); check the server and the network of "
            + "this share. Nothing is lost, and it goes on by itself once it answers"
    }

    /// For `watch.json` and the status.
    var report: WatchReport {
        var report = WatchReport()
        report.isSyncing = rows.contains { $0.unanswered == nil && $0.report?.isSyncing ?? false }
        report.directories = rows.map(\.directory)
        report.bundles = rows.flatMap { $0.report?.bundles ?? [] }
        return report
    }

    /// The counts by directory.
    var counts: [(path: String, counts: Counts)] { rows.map { ($0.path, $0.counts) } }
}
