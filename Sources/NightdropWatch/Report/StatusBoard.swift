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

    /// For `watch.json` and the status.
    var report: WatchReport {
        var report = WatchReport()
        report.isSyncing = rows.contains { $0.report?.isSyncing ?? false }
        report.directories = rows.map { $0.report?.directory ?? .init(path: $0.path, isReachable: false) }
        report.bundles = rows.flatMap { $0.report?.bundles ?? [] }
        return report
    }

    /// The counts by directory.
    var counts: [(path: String, counts: Counts)] { rows.map { ($0.path, $0.counts) } }
}
