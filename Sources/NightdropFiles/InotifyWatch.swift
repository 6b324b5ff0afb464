import Glibc
import Synchronization

/// Watches directories as the kernel tells of them (inotify(7)). Thousands are no burden: one descriptor serves all.
final class InotifyWatch: DirectoryWatch {
    private struct Watches {
        var byNumber: [Int32: String] = [:]
        var byPath: [String: Int32] = [:]

        mutating func remove(number: Int32) -> String? {
            guard let path = byNumber.removeValue(forKey: number) else { return nil }
            byPath[path] = nil
            return path
        }
    }

    private static let events =
        UInt32(IN_CREATE) | UInt32(IN_CLOSE_WRITE) | UInt32(IN_MODIFY) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM)
        | UInt32(IN_DELETE) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
    /// After these the path leads to something else, or nowhere.
    private static let ends = UInt32(IN_IGNORED) | UInt32(IN_UNMOUNT) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
    /// Changes come in bursts; a little patience makes one of many.
    private static let gatheringMilliseconds: Int32 = 10

    private let descriptor: Int32
    private let wakeReader: Int32
    private let wakeWriter: Int32
    private let watches = Mutex(Watches())

    init() throws(FileError) {
        descriptor = try systemCall("watch", "directories") { inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)) }
        var ends: [Int32] = [-1, -1]
        do throws(FileError) {
            try systemCall("open", "a pipe") { pipe(&ends) }
        } catch {
            close(descriptor)
            throw error
        }
        (wakeReader, wakeWriter) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit { for open in [descriptor, wakeReader, wakeWriter] { close(open) } }

    func add(_ directory: String) throws(FileError) {
        let result = watches.withLock { watches -> Result<Void, FileError> in
            do throws(FileError) {
                let number = try systemCall("watch", directory) {
                    inotify_add_watch(descriptor, directory, InotifyWatch.events)
                }
                if let old = watches.byPath[directory], old != number { watches.byNumber[old] = nil }
                // The same directory under another name: the new name counts.
                if let other = watches.byNumber[number], other != directory { watches.byPath[other] = nil }
                watches.byNumber[number] = directory
                watches.byPath[directory] = number
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    func remove(_ directory: String) {
        watches.withLock { watches in
            guard let number = watches.byPath[directory] else { return }
            _ = watches.remove(number: number)
            inotify_rm_watch(descriptor, number)
        }
    }

    func next(timeoutMilliseconds: Int) throws(FileError) -> Set<String> {
        var changed = try drain()
        if changed.isEmpty {
            guard try wait(milliseconds: Int32(clamping: timeoutMilliseconds)) else { return [] }
            changed = try drain()
        }
        // Whatever belongs to the same burst.
        if !changed.isEmpty, try wait(milliseconds: InotifyWatch.gatheringMilliseconds) {
            changed.formUnion(try drain())
        }
        return changed
    }

    func wake() {
        var byte: UInt8 = 1
        // A pipe that is full wakes, too.
        _ = write(wakeWriter, &byte, 1)
    }

    /// Whether something can be read; false when the time is up or somebody wakes.
    private func wait(milliseconds: Int32) throws(FileError) -> Bool {
        var open = [descriptor, wakeReader].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let count = poll(&open, nfds_t(open.count), milliseconds)
        // A signal ends the wait as if the time were up.
        if count < 0 && errno != EINTR { throw FileError(code: errno, operation: "wait for", path: "directories") }
        guard count > 0 else { return false }
        if open[1].revents != 0 {
            var bytes = [UInt8](repeating: 0, count: 64)
            while read(wakeReader, &bytes, bytes.count) > 0 {}
            return false
        }
        return true
    }

    /// Reads all events that are there.
    private func drain() throws(FileError) -> Set<String> {
        var changed: Set<String> = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno != EAGAIN { throw FileError(code: errno, operation: "watch", path: "directories") }
            guard count > 0 else { return changed }
            watches.withLock { watches in
                for event in InotifyWatch.events(in: buffer[..<count]) { note(event, &watches, &changed) }
            }
        }
    }

    private func note(_ event: (number: Int32, mask: UInt32), _ watches: inout Watches, _ changed: inout Set<String>) {
        // So much happened that the kernel has lost some: anything may have changed.
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { changed.formUnion(watches.byPath.keys) }
        if event.mask & InotifyWatch.ends != 0 {
            if event.mask & UInt32(IN_MOVE_SELF) != 0 { inotify_rm_watch(descriptor, event.number) }
            if let path = watches.remove(number: event.number) { changed.insert(path) }
        } else if let path = watches.byNumber[event.number] {
            changed.insert(path)
        }
    }

    /// The watch and the mask of each event: `struct inotify_event` and a name of `len` bytes.
    private static func events(in bytes: ArraySlice<UInt8>) -> [(number: Int32, mask: UInt32)] {
        bytes.withUnsafeBytes { bytes in
            var events: [(Int32, UInt32)] = []
            var offset = 0
            while offset + 16 <= bytes.count {
                events.append(
                    (
                        bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self),
                        bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                    ))
                offset += 16 + Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            }
            return events
        }
    }
}

extension DiskFileSystem {
    /// By inotify. An error of kind `noSpace` says that this user may watch no more (`fs.inotify.max_user_watches`,
    /// `max_user_instances`).
    public func watchDirectories() throws(FileError) -> any DirectoryWatch { try InotifyWatch() }
}
