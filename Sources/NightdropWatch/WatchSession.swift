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

    /// How long it waits at the end for what is in hand.
    private static let patience = DispatchTimeInterval.seconds(75)

    /// Runs until `end`.
    func run() -> Ending {
        var keeper = Keeper(node, settings, now: Clocks.monotonic())
        let running = DispatchGroup()
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
        for path in paths { add(path, running) }
        if settings.removable { lookForMedia(running) }
        while true {
            if let ending = state.withLock({ $0.ending }) {
                for worker in state.withLock({ $0.workers }) { worker.stop() }
                if running.wait(timeout: .now() + WatchSession.patience) == .timedOut {
                    // A share that hangs would keep it for ever; nothing that is half done counts.
                    emit(.trouble(reason: "a directory does not answer; what is going on there is left as it is"))
                }
                publish(&keeper)
                return ending
            }
            keeper.watchNode(monitor, emit)
            let changes = monitor.wait(milliseconds: keeper.wait(isDirty: isDirty, at: Clocks.monotonic()))
            if changes.contains(.mounts) {
                if settings.removable { lookForMedia(running) }
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
                if settings.removable { lookForMedia(running) }
                publish(&keeper)
            }
        }
    }

    private var isDirty: Bool { state.withLock { $0.board.isDirty } }

    private func tellWorkers(_ change: (inout DirectoryWorker.Mail) -> Void) {
        for worker in state.withLock({ $0.workers }) { worker.tell(change) }
    }

    // MARK: Directories

    private func add(_ path: String, _ running: DispatchGroup) {
        let worker: DirectoryWorker
        do {
            worker = try DirectoryWorker(
                path, node, settings, report: { [weak self] in self?.take($0, $1) }, emit: emit)
        } catch { return emit(.trouble(reason: "\(path): \(error)")) }
        state.withLock { state in
            state.workers.append(worker)
            state.board.add(path)
        }
        running.enter()
        let thread = Thread {
            worker.run()
            running.leave()
        }
        thread.stackSize = 16 << 20
        thread.start()
    }

    private func take(_ worker: DirectoryWorker, _ report: WorkerReport) {
        let isNews = state.withLock { state in
            guard state.workers.contains(where: { $0 === worker }) else { return false }
            return state.board.take(report)
        }
        if isNews { monitor.wake() }
    }

    /// Media with our marker that are mounted below the usual places; each has a worker while it is mounted.
    private func lookForMedia(_ running: DispatchGroup) {
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
        for path in mounted where !watched.contains(where: { $0.path == path }) && node.owns(path) {
            emit(.mounted(directory: path))
            add(path, running)
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
