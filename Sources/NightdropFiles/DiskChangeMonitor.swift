import Glibc
import Synchronization

/// Changes as the kernel reports them: inotify(7) for directories, poll(2) on `/proc/self/mountinfo` for mounts.
final class DiskChangeMonitor: ChangeMonitor {
    private static let arrivals = UInt32(IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF)
    private static let bufferBytes = 64 << 10

    /// -1 where changes are not reported.
    private let inotify: Int32
    private let wakeReader: Int32
    private let wakeWriter: Int32
    private let state = Mutex(State())

    private struct State {
        var directories: [Int32: String] = [:]
        var mountInfo: Int32 = -1
    }

    init(reportsChanges: Bool = true) throws(FileError) {
        var ends: [Int32] = [-1, -1]
        try systemCall("open", "pipe") { pipe(&ends) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        wakeReader = ends[0]
        wakeWriter = ends[1]
        // A machine may have used up its inotify instances: then this one hears of nothing, and who uses it looks by himself.
        inotify = reportsChanges ? inotify_init1(O_CLOEXEC | O_NONBLOCK) : -1
    }

    deinit {
        let mountInfo = state.withLock { $0.mountInfo }
        for descriptor in [inotify, wakeReader, wakeWriter, mountInfo] where descriptor >= 0 { close(descriptor) }
    }

    var reportsChanges: Bool { inotify >= 0 }

    func watch(_ directory: String, writes: Bool) throws(FileError) {
        guard inotify >= 0 else { return }
        let mask = Self.arrivals | UInt32(IN_ONLYDIR) | (writes ? UInt32(IN_MODIFY) : 0)
        let number = try systemCall("watch", directory) { inotify_add_watch(inotify, directory, mask) }
        state.withLock { $0.directories[number] = directory }
    }

    func watchMounts() throws(FileError) {
        let path = MountList.path
        let descriptor = try systemCall("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
        let previous = state.withLock { state in
            defer { state.mountInfo = descriptor }
            return state.mountInfo
        }
        if previous >= 0 { close(previous) }
    }

    func wake() {
        var byte: UInt8 = 0
        // A full pipe wakes as well.
        _ = write(wakeWriter, &byte, 1)
    }

    func wait(milliseconds: Int64?) -> Set<FileChange> {
        let mountInfo = state.withLock { $0.mountInfo }
        // Descriptors below zero are passed over.
        var sources = [
            pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0),
            pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
            pollfd(fd: mountInfo, events: Int16(POLLPRI), revents: 0),
        ]
        let timeout = milliseconds.map { Int32(clamping: max(0, $0)) } ?? -1
        guard poll(&sources, nfds_t(sources.count), timeout) > 0 else { return [] }
        var changes: Set<FileChange> = []
        if sources[0].revents != 0 { drainWakes() }
        if sources[1].revents != 0 { readEvents(&changes) }
        if sources[2].revents != 0 { changes.insert(.mounts) }
        return changes
    }

    private func drainWakes() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while read(wakeReader, &bytes, bytes.count) > 0 {}
    }

    private func readEvents(_ changes: inout Set<FileChange>) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferBytes, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            let count = read(inotify, buffer.baseAddress, buffer.count)
            guard count > 0 else { return }
            var offset = 0
            while offset + InotifyEvent.headerBytes <= count {
                let event = InotifyEvent(UnsafeRawBufferPointer(buffer), at: offset)
                offset += event.size
                take(event, &changes)
            }
        }
    }

    private func take(_ event: InotifyEvent, _ changes: inout Set<FileChange>) {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { changes.insert(.missed) }
        guard let directory = state.withLock({ $0.directories[event.watch] }) else { return }
        if event.mask & UInt32(IN_IGNORED) != 0 {
            state.withLock { $0.directories[event.watch] = nil }
            changes.insert(.gone(directory: directory))
        } else if event.mask & UInt32(IN_MOVE_SELF) != 0 {
            // What moved away is still looked at, under a name that is wrong now.
            inotify_rm_watch(inotify, event.watch)
        } else if let name = event.name {
            changes.insert(.entry(directory: directory, name: name))
        }
    }
}

/// `struct inotify_event`: watch, mask, cookie and length, 4 bytes each, then a name that zeros fill up.
private struct InotifyEvent {
    static let headerBytes = 16

    let watch: Int32
    let mask: UInt32
    let size: Int
    let name: String?

    init(_ buffer: UnsafeRawBufferPointer, at offset: Int) {
        watch = buffer.loadUnaligned(fromByteOffset: offset, as: Int32.self)
        mask = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
        let length = Int(buffer.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
        size = Self.headerBytes + length
        let start = offset + Self.headerBytes
        let end = min(start + length, buffer.count)
        name =
            length > 0 && start <= end ? String(validating: buffer[start..<end].prefix { $0 != 0 }, as: UTF8.self) : nil
    }
}
