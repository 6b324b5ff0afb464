import Foundation
import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import Synchronization

/// Keeps the node in step with one directory, on a thread of its own: one that cannot be reached, or does not answer, holds
/// up no other.
final class DirectoryWorker: Sendable {
    /// What others tell a worker.
    struct Mail: Sendable {
        var urgency: Urgency?
        /// Something has changed that may have been the cause of a failure.
        var isToRetry = false
    }

    let path: String
    private let node: WatchedNode
    private let settings: WatchSettings
    private let monitor: any ChangeMonitor
    private let mail = Mutex(Mail())
    private let isStopping = Atomic(false)
    private let isOver = Atomic(false)
    private let report: @Sendable (DirectoryWorker, WorkerReport) -> Void
    private let emit: @Sendable (WatchEvent) -> Void

    init(
        _ path: String, _ node: WatchedNode, _ settings: WatchSettings,
        report: @escaping @Sendable (DirectoryWorker, WorkerReport) -> Void,
        emit: @escaping @Sendable (WatchEvent) -> Void
    ) throws {
        self.path = path
        self.node = node
        self.settings = settings
        self.report = report
        self.emit = emit
        monitor = try node.fileSystem.changeMonitor()
        node.fileSystem.time(path)
    }

    /// Whether `run` has returned.
    var hasEnded: Bool { isOver.load(ordering: .acquiring) }

    /// When the call was made that the directory has not answered yet; nil if none is under way.
    var unanswered: TimedFileSystem.Moment? { node.fileSystem.unanswered(in: path) }

    /// Runs until `stop`. An exchange that has begun is finished.
    func run() {
        defer { isOver.store(true, ordering: .releasing) }
        var state = WorkerState(path, settings, now: Clocks.monotonic())
        while !isStopping.load(ordering: .acquiring) {
            absorb(&state)
            switch state.plan.step(at: Clocks.monotonic(), retryAt: state.ledger.nextTry) {
            case .visit(let isCycle): visit(&state, isCycle: isCycle)
            case .wait where !state.toUpdate.isEmpty: updateSome(&state)
            case .wait(let until): notice(monitor.wait(milliseconds: until - Clocks.monotonic()), &state)
            }
        }
    }

    /// Ends `run` soon.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        monitor.wake()
    }

    /// Tells the worker something.
    func tell(_ change: (inout Mail) -> Void) {
        mail.withLock { change(&$0) }
        monitor.wake()
    }

    private func absorb(_ state: inout WorkerState) {
        let mail = mail.withLock { mail in
            defer { mail = Mail() }
            return mail
        }
        if let urgency = mail.urgency { state.plan.schedule.add(urgency) }
        if mail.isToRetry { state.plan.retry(at: Clocks.monotonic()) }
    }

    /// What the system reports: bundles for us, and whatever changes about the directory itself.
    private func notice(_ changes: Set<FileChange>, _ state: inout WorkerState) {
        let now = Clocks.monotonic()
        for change in changes {
            switch change {
            case .entry(_, let name) where BundleName.isBundle(name): state.plan.arrived(at: now)
            case .entry(_, CarrierMarker.fileName), .entry(_, "to"), .entry(_, node.id.text):
                state.plan.changed(at: now)
            case .missed, .gone: state.plan.arrived(at: now)
            case .entry, .mounts: continue
            }
        }
    }

    // MARK: A visit

    private func visit(_ state: inout WorkerState, isCycle: Bool) {
        state.plan.begin(isCycle: isCycle)
        do {
            try probe()
            if !state.report.isReachable || state.isFirst { emit(.reachable(directory: path)) }
            state.report.isReachable = true
        } catch {
            let reason = NightdropError.message(error)
            if state.report.isReachable || state.isFirst { emit(.unreachable(directory: path, reason: reason)) }
            state.report.isReachable = false
            state.isFirst = false
            return fail(&state, reason)
        }
        state.isFirst = false
        watchFolders()
        do {
            try exchange(&state, isCycle: isCycle)
        } catch {
            guard let error = error as? NightdropError, error.kind == .tryAgain else {
                return fail(&state, NightdropError.message(error))
            }
            // Somebody else works on the node: no failure of this directory.
            state.plan.postpone(at: Clocks.monotonic())
            report(self, WorkerReport(directory: state.report, isSyncing: false, bundles: state.ledger.failed))
        }
    }

    /// Throws if the directory is not mounted. No marker is ever made here, and nothing is concluded from its absence.
    private func probe() throws {
        guard let marker = try ExchangeDirectory(path, fileSystem: node.fileSystem).marker() else {
            throw NightdropError(
                .tryAgain,
                "it has no \(CarrierMarker.fileName), so it is not mounted; if it is new, write to it once with "
                    + "nightdrop exchange or --to")
        }
        if let own = node.settings.organisation, marker.organisation != own {
            throw NightdropError(.notPermitted, "it belongs to \(marker.organisation), this node to \(own)")
        }
    }

    /// The root tells when the marker or `to` appears, our own folder when bundles arrive. Other terminals' folders, of which
    /// there may be thousands, are not looked at.
    private func watchFolders() {
        for folder in ["", "/to", "/to/\(node.id)"] {
            do throws(FileError) {
                try monitor.watch(path + folder, writes: false)
            } catch { return }
        }
    }

    private func exchange(_ state: inout WorkerState, isCycle: Bool) throws {
        let start = Clocks.monotonic()
        let isHeartbeat = isCycle && start - state.lastWord >= settings.heartbeat
        // What was sent may have been lost on its way; what still lies there is not written again.
        let isRepeated = isCycle && start - state.lastWord >= settings.interval && node.awaitsReceipt
        if isCycle, state.lacking.remind() { state.owesWord = true }
        let exports = state.plan.schedule.exports || isHeartbeat || state.owesWord && isCycle || isRepeated
        emit(.exchanging(directory: path))
        report(self, WorkerReport(directory: state.report, isSyncing: true, bundles: state.ledger.failed))
        if let reason = try node.refresh() { emit(.notReloaded(reason: reason)) }
        let done = try node.exchange(
            with: path, exports: exports, owesWord: state.owesWord, mayAsk: isCycle && state.lacking.isEmpty,
            cleansUp: state.isFirstExchange,
            isEnding: { [weak self] in self?.isStopping.load(ordering: .acquiring) ?? true })
        let end = Clocks.monotonic()
        let summary = note(done, &state, took: end - start)
        if let failure = done.failure { return fail(&state, failure) }
        if exports {
            state.lastWord = end
            state.owesWord = false
        }
        if summary.new > 0 { state.owesWord = true }
        state.isFirstExchange = false
        state.plan.succeeded(isCycle: isCycle, exported: exports, from: start, to: end)
        state.report.error = nil
        state.report.hasFailed = false
        if isCycle { planUpdates(&state) }
        report(
            self,
            WorkerReport(
                directory: state.report, isSyncing: false, bundles: state.ledger.failed, summary: summary,
                isCycle: isCycle))
    }

    private func note(
        _ done: WatchedNode.Exchange, _ state: inout WorkerState, took milliseconds: Int64
    ) -> ExchangeSummary {
        var summary = ExchangeSummary()
        summary.milliseconds = milliseconds
        summary.written = done.written.count
        summary.sent = done.sent
        for outcome in done.bundles {
            switch outcome.outcome {
            case .merged:
                summary.taken += 1
                summary.new += outcome.new
                emit(.bundle(directory: path, outcome))
            case .waiting:
                summary.waiting += 1
                emit(.bundle(directory: path, outcome))
            case .known, .skipped: emit(.bundle(directory: path, outcome))
            case .incomplete, .refused: summary.refused += 1
            }
        }
        if state.lacking.note(done.bundles), done.written.isEmpty { state.owesWord = true }
        for outcome in state.ledger.note(
            done.bundles, at: Clocks.monotonic(), jitter: { Double.random(in: 0...1) })
        {
            emit(.bundle(directory: path, outcome))
        }
        if summary.taken > 0 || summary.written > 0 { state.report.lastExchange = Clocks.wall() }
        emit(.exchanged(directory: path, summary))
        return summary
    }

    private func fail(_ state: inout WorkerState, _ reason: String) {
        let now = Clocks.monotonic()
        let pauses = state.plan.failed(at: now, jitter: Double.random(in: 0...1))
        let attempts = state.plan.attempts
        state.report.error = reason
        state.report.hasFailed = attempts.hasFailed
        emit(
            .failed(
                directory: path, reason: reason, failures: attempts.failures,
                retryAfter: (attempts.nextTry ?? now) - now))
        if pauses { emit(.paused(directory: path, milliseconds: settings.breakerPause)) }
        report(
            self,
            WorkerReport(directory: state.report, isSyncing: false, bundles: state.ledger.failed, hasFailed: true))
    }

    // MARK: What head office sends of its own accord

    /// Terminals that lack something which came about elsewhere, and at the start those that were silent.
    private func planUpdates(_ state: inout WorkerState) {
        guard case .central(let central) = node.role, state.toUpdate.isEmpty else { return }
        do {
            let csn = try central.csn()
            let silent =
                state.updatedThrough == nil
                ? try central.silentTerminals(in: path, since: Clocks.wall() - settings.interval) : []
            // Now and then all are looked at, as a bundle for one may have been lost on its way.
            let looksAtAll = state.cycles % DirectoryWorker.cyclesBetweenLooksAtAll == 0
            state.cycles += 1
            let behind = try central.terminalsToUpdate(in: path, behind: looksAtAll ? nil : state.updatedThrough)
            state.asked = Set(silent)
            state.toUpdate = silent + behind.filter { !state.asked.contains($0) }
            state.updatedThrough = csn
        } catch { emit(.trouble(reason: NightdropError.message(error))) }
    }

    /// A few at a time, so that what arrives meanwhile does not wait.
    private func updateSome(_ state: inout WorkerState) {
        let some = Array(state.toUpdate.prefix(DirectoryWorker.updatesAtOnce))
        do {
            try probe()
            try node.update(some, in: path, asking: some.filter { state.asked.contains($0) })
            state.toUpdate.removeFirst(some.count)
            state.updated += some.count
            if state.toUpdate.isEmpty {
                emit(.updated(directory: path, terminals: state.updated))
                state.updated = 0
            }
            notice(monitor.wait(milliseconds: 0), &state)
        } catch {
            state.toUpdate = []
            state.updated = 0
            // What was not written is found again at the next cycle.
            state.updatedThrough = nil
            fail(&state, NightdropError.message(error))
        }
    }

    private static let updatesAtOnce = 20
    private static let cyclesBetweenLooksAtAll = 4
}

/// What a worker keeps in mind. Nothing of it needs to outlive the process: the first visit sends everything.
private struct WorkerState {
    var plan: DirectoryPlan
    var ledger: BundleLedger
    var report: WatchReport.Directory
    var isFirst = true
    var isFirstExchange = true
    /// When the last bundle was written here.
    var lastWord: Int64
    /// Whether head office has something to learn: how far this terminal is.
    var owesWord = false
    /// What lies here for this terminal and is of no use to it.
    var lacking = LackingReturns()
    /// The terminals that head office still writes to.
    var toUpdate: [NodeID] = []
    /// How many it has written to since it began with them.
    var updated = 0
    /// Those of them that it asks for an exchange.
    var asked: Set<NodeID> = []
    /// How often it was looked for terminals that lack something.
    var cycles = 0
    /// Up to which change the terminals of this directory were looked at; nil at the start.
    var updatedThrough: Int64?

    init(_ path: String, _ settings: WatchSettings, now: Int64) {
        plan = DirectoryPlan(settings, now: now)
        ledger = BundleLedger(settings)
        report = WatchReport.Directory(path: path, isReachable: false)
        lastWord = now
        // What was pending when the watch began goes out with the first visit.
        plan.schedule.add(.high)
    }
}

/// What a worker tells of its directory.
struct WorkerReport: Sendable {
    var directory: WatchReport.Directory
    var isSyncing: Bool
    var bundles: [WatchReport.Bundle]
    var summary: ExchangeSummary?
    var isCycle = false
    var hasFailed = false
}

extension NightdropError {
    /// What an error says, for people.
    static func message(_ error: any Error) -> String { "\(error)" }
}
