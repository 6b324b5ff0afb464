import Foundation
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel
import Synchronization

/// One run of a watch under fixed settings: a worker for each directory, and the keeper, which looks at the node itself.
///
/// The keeper notices what any process records, which media come and go, and publishes the status.
final class WatchSession: Sendable {
    /// Why a session ended.
    enum Ending: Sendable { case stop, reload }

    private let node: WatchedNode
    private let settings: WatchSettings
    private let paths: [String]
    private let mediaRoots: [String]
    private let monitor: any ChangeMonitor
    private let emit: @Sendable (WatchEvent) -> Void
    private let state = Mutex(State())

    private struct State {
        var ending: Ending?
        var workers: [DirectoryWorker] = []
        /// All that have not ended; also those of media that are gone.
        var running: [DirectoryWorker] = []
        /// The media that are being looked at.
        var lookedAt: Set<String> = []
        /// Those that were found to be ours, and have no worker yet.
        var found: Set<String> = []
        var board = StatusBoard()
    }

    init(
        _ node: WatchedNode, _ settings: WatchSettings, paths: [String], mediaRoots: [String],
        emit: @escaping @Sendable (WatchEvent) -> Void
    ) throws {
        self.node = node
        self.settings = settings
        self.paths = paths
        self.mediaRoots = mediaRoots
        self.emit = emit
        monitor = try node.fileSystem.changeMonitor()
    }

    /// Ends `run` as soon as what is in hand is done.
    func end(_ ending: Ending) {
        state.withLock { $0.ending = $0.ending ?? ending }
        monitor.wake()
    }

    /// How long it waits at the end for what is in hand, and how long for a directory to answer.
    private static let endPatience: (work: Int64, answer: Int64) = (75_000, 3_000)

    /// Runs until `end`.
    func run() -> Ending {
        var keeper = Keeper(node, settings, now: Clocks.monotonic())
        do throws(FileError) {
            try monitor.watchMounts()
            try monitor.watch(node.directory.path, writes: false)
        } catch { emit(.trouble(reason: error.description)) }
        if !monitor.reportsChanges {
            emit(
                .trouble(
                    reason: "the system reports no changes (fs.inotify.max_user_instances may be used up); directories "
                        + "are looked at every interval, and what is recorded every second"))
        }
        for path in paths { add(path) }
        if settings.removable { lookForMedia() }
        while true {
            if let ending = state.withLock({ $0.ending }) {
                endWorkers()
                publish(&keeper)
                return ending
            }
            keeper.watchNode(monitor, emit)
            noteUnanswered(at: Clocks.monotonic())
            let wait = min(keeper.wait(isDirty: isDirty, at: Clocks.monotonic()), settings.patience / 4)
            let changes = monitor.wait(milliseconds: wait)
            addMedia()
            if changes.contains(.mounts) {
                if settings.removable { lookForMedia() }
                tellWorkers { $0.isToRetry = true }
            }
            // Somebody enrolled the node, or changed its settings.
            if changes.contains(.entry(directory: node.directory.path, name: Path.name(of: node.directory.settings))) {
                tellWorkers { $0.isToRetry = true }
            }
            if let urgency = keeper.look(changes, at: Clocks.monotonic(), emit) {
                tellWorkers { $0.add(urgency) }
                state.withLock { $0.board.isDirty = true }
            }
            if keeper.isTimeToPublish(isDirty: isDirty, at: Clocks.monotonic()) {
                if settings.removable { lookForMedia() }
                publish(&keeper)
            }
        }
    }

    private var isDirty: Bool { state.withLock { $0.board.isDirty } }

    private func tellWorkers(_ change: (inout DirectoryWorker.Mail) -> Void) {
        for worker in state.withLock({ $0.workers }) { worker.tell(change) }
    }

    // MARK: Directories

    private func add(_ path: String) {
        let worker: DirectoryWorker
        do {
            worker = try DirectoryWorker(
                path, node, settings, report: { [weak self] in self?.take($0, $1) }, emit: emit)
        } catch { return emit(.trouble(reason: "\(path): \(error)")) }
        state.withLock { state in
            state.workers.append(worker)
            state.running.removeAll(where: \.hasEnded)
            state.running.append(worker)
            state.board.add(path)
        }
        let thread = Thread { worker.run() }
        thread.stackSize = 16 << 20
        thread.start()
    }

    /// Ends all workers, and waits for what they have in hand; not for a directory that does not answer. Nothing that is half
    /// done counts.
    private func endWorkers() {
        let running = state.withLock { $0.running }
        for worker in running { worker.stop() }
        let start = Clocks.monotonic()
        while true {
            let now = Clocks.monotonic()
            let busy = running.filter { !$0.hasEnded }
            guard !busy.isEmpty else { return }
            let awaited = busy.filter { worker in
                worker.unanswered.map { now - $0.monotonic < WatchSession.endPatience.answer } ?? true
            }
            if awaited.isEmpty || now - start >= WatchSession.endPatience.work {
                let paths = busy.map(\.path).joined(separator: ", ")
                return emit(
                    .trouble(reason: "\(paths): no end or no answer in time; what is going on there is left as it is"))
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    /// Looks which directories do not answer: only from outside can that be seen.
    private func noteUnanswered(at now: Int64) {
        let news = state.withLock { state in
            var unanswered: [String: TimedFileSystem.Moment] = [:]
            for worker in state.workers {
                guard let since = worker.unanswered, now - since.monotonic >= settings.patience else { continue }
                unanswered[worker.path] = since
            }
            return state.board.note(unanswered: unanswered)
        }
        for (path, since) in news.silent {
            emit(.unanswered(directory: path, since: since.wall, reason: StatusBoard.words(since)))
        }
        for (path, since) in news.answering { emit(.answered(directory: path, milliseconds: now - since)) }
    }

    private func take(_ worker: DirectoryWorker, _ report: WorkerReport) {
        let isNews = state.withLock { state in
            guard state.workers.contains(where: { $0 === worker }) else { return false }
            return state.board.take(report)
        }
        if isNews { monitor.wake() }
    }

    /// Media with our marker that are mounted below the usual places; each has a worker while it is mounted. Whether a medium
    /// bears it is looked at on a thread of its own, as it may not answer.
    private func lookForMedia() {
        let mounted: [String]
        do throws(FileError) {
            mounted = try MountList.current().paths(below: mediaRoots)
        } catch { return emit(.trouble(reason: error.description)) }
        let watched = state.withLock { $0.workers }
        for worker in watched where !paths.contains(worker.path) && !mounted.contains(worker.path) {
            worker.stop()
            state.withLock { state in
                state.workers.removeAll { $0 === worker }
                state.board.remove(worker.path)
            }
            emit(.unmounted(directory: worker.path))
        }
        for path in mounted where !watched.contains(where: { $0.path == path }) {
            guard state.withLock({ $0.lookedAt.insert(path).inserted }) else { continue }
            Thread { [weak self] in
                guard let self else { return }
                let isOurs = node.owns(path)
                state.withLock { state in
                    state.lookedAt.remove(path)
                    if isOurs { state.found.insert(path) }
                }
                if isOurs { monitor.wake() }
            }.start()
        }
    }

    /// Begins with the media that were found to be ours.
    private func addMedia() {
        let found = state.withLock { state in
            defer { state.found = [] }
            return state.found.filter { path in !state.workers.contains { $0.path == path } }.sorted()
        }
        for path in found {
            emit(.mounted(directory: path))
            add(path)
        }
    }

    // MARK: Status

    private func publish(_ keeper: inout Keeper) {
        let board = state.withLock { state in
            state.board.isDirty = false
            return state.board
        }
        keeper.publish(board, emit)
    }
}

extension DirectoryWorker.Mail {
    mutating func add(_ urgency: Urgency) { self.urgency = max(self.urgency ?? urgency, urgency) }
}
