import Glibc
import Synchronization

/// Watches directories by looking: for file systems that do not tell of changes.
final class PolledWatch: DirectoryWatch {
    private struct State {
        var seen: [String: [String: FileStatus]] = [:]
        var isWoken = false
    }

    private static var intervalMilliseconds: Int { 20 }
    private let fileSystem: any FileSystem
    private let state = Mutex(State())

    init(_ fileSystem: any FileSystem) { self.fileSystem = fileSystem }

    func add(_ directory: String) throws(FileError) {
        let found = try look(at: directory)
        state.withLock { state in
            if state.seen[directory] == nil { state.seen[directory] = found }
        }
    }

    func remove(_ directory: String) { state.withLock { _ = $0.seen.removeValue(forKey: directory) } }

    func next(timeoutMilliseconds: Int) throws(FileError) -> Set<String> {
        var left = timeoutMilliseconds
        while true {
            let changed = changes()
            if !changed.isEmpty { return changed }
            let isWoken = state.withLock { state in
                defer { state.isWoken = false }
                return state.isWoken
            }
            guard left > 0, !isWoken else { return [] }
            let pause = min(left, PolledWatch.intervalMilliseconds)
            usleep(UInt32(pause) * 1000)
            left -= pause
        }
    }

    func wake() { state.withLock { $0.isWoken = true } }

    private func changes() -> Set<String> {
        var changed: Set<String> = []
        for (directory, before) in state.withLock({ $0.seen }) {
            let now = try? look(at: directory)
            guard now != before else { continue }
            changed.insert(directory)
            state.withLock { state in
                if state.seen[directory] != nil { state.seen[directory] = now }
            }
        }
        return changed
    }

    private func look(at directory: String) throws(FileError) -> [String: FileStatus] {
        var found: [String: FileStatus] = [:]
        for name in try fileSystem.names(in: directory) { found[name] = try fileSystem.status("\(directory)/\(name)") }
        return found
    }
}
