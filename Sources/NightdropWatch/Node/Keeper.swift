import Nightdrop
import NightdropFiles
import NightdropFormats

/// What looks at the node itself: at its journal, for what any process records, and at its status.
struct Keeper {
    /// A burst of records is looked at together, and looking takes a tenth of the time at most.
    private static let gathering: Int64 = 20
    private static let restPerWork: Int64 = 10
    /// How often it looks where the system tells of no changes.
    private static let polling: Int64 = 1000
    /// The status is published at most so often, and a moment late, so that short exchanges do not make it flicker.
    private static let publishSpacing: Int64 = 1000
    private static let publishDelay: Int64 = 100

    private let node: WatchedNode
    private let interval: Int64
    private var place: JournalPlace?
    private var journalFolder: String?
    private var lookAt: Int64?
    private var lastLook: Int64
    /// Whether nobody tells of changes in the journal.
    private var isBlind = false
    private var lookRest: Int64 = 0
    /// Why it could not look last time; said once.
    private var trouble: String?
    private var dirtySince: Int64?
    private var lastPublished: Int64
    private var shown: NodeStatus?

    init(_ node: WatchedNode, _ settings: WatchSettings, now: Int64) {
        self.node = node
        interval = settings.interval
        lastLook = now
        lastPublished = now - Keeper.publishSpacing
        dirtySince = now
        if case .terminal(let terminal) = node.role { place = try? terminal.journalPlace() }
    }

    /// Has the journal's folder looked at. Another one may have been begun.
    mutating func watchNode(_ monitor: any ChangeMonitor, _ emit: (WatchEvent) -> Void) {
        guard journalFolder == nil, case .terminal = node.role else { return }
        guard monitor.reportsChanges else { return isBlind = true }
        do {
            try monitor.watch(node.directory.journals, writes: false)
            guard let folder = try node.journalFolder() else { return isBlind = true }
            try monitor.watch(folder, writes: true)
            journalFolder = folder
            isBlind = false
        } catch {
            if !isBlind { emit(.trouble(reason: "\(error); what is recorded is looked for every second instead")) }
            isBlind = true
        }
    }

    /// When the journal is looked at though nobody told of a change: a lost one must not keep a sale here, nor may a look that
    /// failed.
    private var pollAt: Int64 { lastLook + max(isBlind || place == nil ? Keeper.polling : interval, lookRest) }

    /// How long to wait for changes.
    mutating func wait(isDirty: Bool, at now: Int64) -> Int64 {
        let publish = publishTime(isDirty: isDirty, at: now)
        guard case .terminal = node.role else { return max(0, publish - now) }
        return max(0, min(publish, lookAt ?? pollAt) - now)
    }

    /// Looks at the journal if something was written there. Returns how urgent the newest is; nil if there is nothing new.
    mutating func look(_ changes: Set<FileChange>, at now: Int64, _ emit: (WatchEvent) -> Void) -> Urgency? {
        for change in changes {
            switch change {
            case .entry(let directory, _) where directory == journalFolder:
                lookAt = lookAt ?? max(now + Keeper.gathering, lastLook + lookRest)
            case .entry(let directory, _) where directory == node.directory.journals: journalFolder = nil
            case .gone, .missed:
                journalFolder = nil
                lookAt = lookAt ?? now
            default: continue
            }
        }
        guard case .terminal(let terminal) = node.role, lookAt ?? pollAt <= now else { return nil }
        lookAt = nil
        defer {
            lastLook = Clocks.monotonic()
            lookRest = (lastLook - now) * Keeper.restPerWork
        }
        do {
            guard let from = place else {
                // What came meanwhile is not known: it may be a sale.
                place = try terminal.journalPlace()
                trouble = nil
                return .critical
            }
            let news = try terminal.news(behind: from)
            place = news.place
            trouble = nil
            return news.hasClose ? .critical : news.priority.map(Urgency.init(priority:))
        } catch {
            if trouble != "\(error)" { emit(.trouble(reason: "\(error)")) }
            trouble = "\(error)"
            guard place != nil else { return nil }
            place = try? terminal.journalPlace()
            return .high
        }
    }

    // MARK: Status

    func isTimeToPublish(isDirty: Bool, at now: Int64) -> Bool {
        let time = isDirty ? (dirtySince ?? now) + Keeper.publishDelay : lastPublished + interval
        return max(time, lastPublished + Keeper.publishSpacing) <= now
    }

    private mutating func publishTime(isDirty: Bool, at now: Int64) -> Int64 {
        if isDirty { dirtySince = dirtySince ?? now } else { dirtySince = nil }
        let time = dirtySince.map { $0 + Keeper.publishDelay } ?? lastPublished + interval
        return max(time, lastPublished + Keeper.publishSpacing)
    }

    /// Writes the report, the status and the metrics, and tells what is different.
    mutating func publish(_ board: StatusBoard, _ emit: (WatchEvent) -> Void) {
        lastPublished = Clocks.monotonic()
        dirtySince = nil
        do {
            try board.report.write(to: node.directory, node.fileSystem)
            let status = try node.role.writeStatus()
            try Metrics(status, board, node.role).write(to: node.directory.metrics, node.fileSystem)
            tell(status, emit)
            shown = status
        } catch { emit(.trouble(reason: "\(error)")) }
    }

    private func tell(_ status: NodeStatus, _ emit: (WatchEvent) -> Void) {
        if shown.map({ $0.face != status.face }) ?? true { emit(.status(status)) }
        let (before, now) = (Set((shown?.alerts ?? []).map(AlertName.init)), Set(status.alerts.map(AlertName.init)))
        for alert in status.alerts where !before.contains(AlertName(alert)) { emit(.alert(alert)) }
        for alert in shown?.alerts ?? [] where !now.contains(AlertName(alert)) { emit(.alertOver(alert)) }
    }
}

/// An alert without its figure, which may change while the alert stays.
private struct AlertName: Hashable {
    let terminal: String
    let kind: Alert.Kind

    init(_ alert: Alert) {
        terminal = alert.terminal.text
        kind = alert.kind
    }
}

extension NodeStatus {
    /// What an indicator shows; the rest changes all the time.
    fileprivate var face: [String] {
        [
            state.rawValue, "\(online ?? false)", "\(totals.pending)", "\(totals.failed)", "\(totals.conflicts)",
            "\(pendingApproval)", error ?? "",
        ]
    }
}
