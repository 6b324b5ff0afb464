import Dispatch
import Foundation
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel
import Synchronization

/// Keeps a node in step with exchange directories, silently: the daemon of both sides.
///
///     let watch = try Watch(node: "T07", directories: ["/srv/exchange"])
///     Task { for await event in watch.events { show(event) } }
///     try await watch.run()
///
/// At a terminal it sends what any process records, and takes in what head office answers; at head office it merges and
/// answers. Failures are tried again and shown in the node's status; none of them ends it. One watch runs on a node at a
/// time.
public final class Watch: Sendable {
    /// Where removable media are mounted.
    public static let mediaRoots = ["/media", "/run/media"]

    private let path: String
    private let given: WatchOptions
    private let observe: (@Sendable (WatchEvent) -> Void)?
    private let node: WatchedNode
    private let lock: Mutex<(any FileLock)?>
    private let readers = Mutex<(next: Int, all: [Int: AsyncStream<WatchEvent>.Continuation])>((0, [:]))
    private let state = Mutex(State())

    private struct State {
        var session: WatchSession?
        var isStopped = false
    }

    /// Opens the node and takes the lock that keeps others from watching for it.
    ///
    /// - Parameters:
    ///   - node: The node's directory.
    ///   - directories: The exchange directories, besides those of its settings.
    ///   - options: What stands in for its settings.
    ///   - observe: Called with every event, in order, from any thread.
    /// - Throws: `NightdropError`: `tryAgain` if a watch runs on the node, `usage` without a directory, `badSettings`.
    public convenience init(
        node path: String, directories: [String], options: WatchOptions = WatchOptions(),
        observe: (@Sendable (WatchEvent) -> Void)? = nil
    ) throws {
        try self.init(
            node: path, directories: directories, options: options, over: DiskFileSystem(), observe: observe)
    }

    /// The same, over another file system than the disk.
    package init(
        node path: String, directories: [String], options: WatchOptions = WatchOptions(),
        over fileSystem: any FileSystem, observe: (@Sendable (WatchEvent) -> Void)? = nil
    ) throws {
        self.path = path
        given = options.adding(directories)
        self.observe = observe
        do {
            node = try WatchedNode(path, over: fileSystem)
            let settings = given.applied(to: try node.settings.checkedWatch())
            guard !settings.directories.isEmpty || settings.removable else {
                throw NightdropError(
                    .usage,
                    "nothing to watch: name a directory, here or in \(node.directory.settings), or removable media")
            }
            lock = Mutex(try Watch.lock(node))
        } catch { throw NightdropError(any: error) }
    }

    /// What happens from now on. Every reader gets its own stream; a slow one misses the oldest events. Ends with the watch.
    public var events: AsyncStream<WatchEvent> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1024)) { continuation in
            let number = readers.withLock { readers in
                readers.next += 1
                readers.all[readers.next] = continuation
                return readers.next
            }
            continuation.onTermination = { [weak self] _ in
                _ = self?.readers.withLock { $0.all.removeValue(forKey: number) }
            }
        }
    }

    /// Runs until `stop` is called or the task is cancelled; what is in hand then is finished. Once only.
    public func run() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                Thread {
                    self.runUntilStopped()
                    continuation.resume()
                }.start()
            }
        } onCancel: {
            stop()
        }
    }

    /// The same, on this thread.
    public func runUntilStopped() {
        var settings = given.applied(to: node.settings.watch)
        while true {
            let session: WatchSession
            do {
                session = try WatchSession(
                    node, settings, paths: settings.directories, mediaRoots: given.mediaRoots, emit: { self.emit($0) })
            } catch {
                emit(.trouble(reason: "\(error)"))
                break
            }
            let isStopped = state.withLock { state in
                state.session = session
                return state.isStopped
            }
            if isStopped { break }
            emit(.started(node: node.id, directories: settings.directories))
            if let remark = node.remark { emit(.notReloaded(reason: remark)) }
            guard session.run() == .reload else { break }
            do {
                try node.reopen()
                settings = given.applied(to: node.settings.watch)
                emit(.reloaded)
            } catch { emit(.notReloaded(reason: "\(error)")) }
        }
        lock.withLock { $0 = nil }
        emit(.stopped)
        for continuation in readers.withLock({ $0.all.values.map(\.self) }) { continuation.finish() }
    }

    /// Ends the watch once what is in hand is done.
    public func stop() {
        let session = state.withLock { state in
            state.isStopped = true
            return state.session
        }
        session?.end(.stop)
    }

    /// Reads the settings again.
    public func reload() { state.withLock { $0.session }?.end(.reload) }

    private func emit(_ event: WatchEvent) {
        observe?(event)
        for continuation in readers.withLock({ $0.all.values.map(\.self) }) { continuation.yield(event) }
    }

    /// Whoever only looks whether a watch runs holds the lock for a moment, so it is tried a few times.
    private static func lock(_ node: WatchedNode) throws -> any FileLock {
        for _ in 0..<20 {
            do throws(FileError) {
                return try node.fileSystem.lock(node.directory.watchLock, wait: false)
            } catch {
                guard error.kind == .locked else { throw error }
                usleep(25_000)
            }
        }
        throw NightdropError(
            .tryAgain, "another watch runs on \(node.directory.path); one is enough, it can watch several directories")
    }
}

/// What stands in for the settings of a node.
public struct WatchOptions: Sendable {
    /// The time between two looks, in milliseconds; nil for that of the settings.
    public var interval: Int64?
    /// Whether to watch removable media, too.
    public var removable = false
    /// Where those are mounted.
    public var mediaRoots = Watch.mediaRoots
    fileprivate var directories: [String] = []

    /// The settings of the node.
    public init() {}

    fileprivate func adding(_ directories: [String]) -> WatchOptions {
        var options = self
        options.directories += directories
        return options
    }

    fileprivate func applied(to settings: WatchSettings) -> WatchSettings {
        var settings = settings
        if let interval { settings.interval = interval }
        if removable { settings.removable = true }
        for path in directories.map(WatchOptions.trimmed) where !settings.directories.contains(path) {
            settings.directories.append(path)
        }
        return settings
    }

    private static func trimmed(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        return String(path)
    }
}
