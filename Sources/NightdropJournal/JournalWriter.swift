import Glibc
import NightdropFiles
import NightdropFormats
import NightdropModel

/// Appends commits to one journal. Any number of threads and processes may do so at once.
///
/// Commits that come together become durable together, with one write and one fdatasync. A thread that finds nobody
/// composing composes: it runs the waiting commits' closures one after the other, and goes on doing so while another
/// thread still writes the group before, or while those that were just answered may be expected back. Then it writes, and
/// the next one may compose.
///
/// Unchecked, because the properties belong either to the monitor or to the one thread that composes, as said at each.
public final class JournalWriter: @unchecked Sendable {
    /// After so many groups in a row other processes get their turn.
    private static let groupsInARow = 64

    let directory: JournalDirectory
    let wallClock: @Sendable () -> Int64
    let sealer: Sealer
    let identity: JournalIdentity
    private let discovered: @Sendable (UnsafeRawBufferPointer, [ScannedOperation]) -> Void
    private let monitor = Monitor()

    // Within the monitor.
    private var waiting: [CommitRequest] = []
    /// The threads that have a commit waiting, composed or being written.
    private var callers = 0
    private var isComposing = false
    private var isWriting = false
    /// Why the group failed on which the one that is being composed builds.
    private var failure: JournalError?
    private var durable: (seq: Int64, line: [UInt8]) = (-1, [])
    private var observed: HybridTime?
    private var spareGroups: [CommitGroup] = []
    private var company = Company()

    // Of the thread that composes; at the end of a write, of the writing one if nobody composes.
    private var lock: (any FileLock)?
    private var lockFile: (any LockFile)?
    private var groups = 0
    private var clock = HybridClock()
    var conditions: JournalConditions
    var tip: OpenSegment?
    /// Whether a sync failed, so that the next thing to do is to begin a new segment.
    var mustBegin = false

    /// Opens the journal in `directory`, `<node>/journal/<8 hex digits>`, or makes it with a first segment.
    ///
    /// Cuts a torn tail and finishes what was interrupted. `wallClock` gives milliseconds since 1970. `discovered` is told
    /// of the operations that other processes append after this moment, before the next commit is prepared; what the
    /// journal holds already is for `JournalReader`.
    public init(
        fileSystem: any FileSystem, directory: String, identity: JournalIdentity, conditions: JournalConditions,
        wallClock: @escaping @Sendable () -> Int64,
        discovered: @escaping @Sendable (UnsafeRawBufferPointer, [ScannedOperation]) -> Void
    ) throws(JournalError) {
        self.directory = JournalDirectory(fileSystem: fileSystem, path: directory)
        self.identity = identity
        self.conditions = conditions
        self.wallClock = wallClock
        self.discovered = discovered
        sealer = Sealer(self.directory)
        try JournalError.attempt(directory) {
            try fileSystem.createDirectory(directory)
            try exclusively {
                if let tip = self.tip, tip.conditions != conditions { try self.closeTip(day: nil) }
            }
        }
        if try self.directory.entries().dropLast().contains(where: \.hasOpen) { sealer.start() }
    }

    /// The number of the last durable operation; 0 before the first.
    public var lastSeq: Int64 { monitor.withLock { durable.seq } }

    /// Reads the journal that is written here.
    public var reader: JournalReader { JournalReader(fileSystem: directory.fileSystem, directory: directory.path) }

    /// The position behind the last durable operation.
    public func position() throws -> JournalPosition {
        let (seq, line) = monitor.withLock { durable }
        guard seq > 0 else { return JournalPosition(journal: identity.journal, seq: 0, hash: .none) }
        let hash = ContentHash.of(line.isEmpty ? try reader.line(seq: seq) : line)
        return JournalPosition(journal: identity.journal, seq: seq, hash: hash)
    }

    /// Moves the clock past a time that came from elsewhere, at most the allowed skew beyond the wall clock.
    public func observe(_ time: HybridTime) {
        monitor.withLock { observed = max(observed ?? time, time) }
    }

    /// Records one commit; returns once it is durable.
    ///
    /// `prepare` is called once, alone among all threads and processes, in the order of the numbers. It may run on
    /// another thread. What it throws is thrown here, and nothing of the commit is recorded. If writing fails, a
    /// `JournalError` is thrown, also to commits that were prepared already behind the failed ones.
    public func commit<Answer: Sendable>(_ prepare: (inout CommitBuilder) throws -> Answer) throws -> Answer {
        var answer: Answer?
        let error = withoutActuallyEscaping(prepare) { prepare in
            let request = CommitRequest { builder in answer = try prepare(&builder) }
            run(request)
            return request.error
        }
        if let error { throw error }
        guard let answer else { throw JournalError(.inputOutput, directory.path, "the commit was not run") }
        return answer
    }

    private func run(_ request: CommitRequest) {
        monitor.lock()
        callers += 1
        defer {
            callers -= 1
            monitor.unlock()
        }
        waiting.append(request)
        if isComposing { monitor.wakeComposer() }
        while !request.isDone {
            if !isComposing, !waiting.isEmpty {
                isComposing = true
                lead()
            } else {
                monitor.wait()
            }
        }
    }

    // MARK: The thread that composes; within the monitor

    private func lead() {
        do throws(JournalError) {
            try enter()
            let group = try takeGroup()
            do throws(JournalError) {
                try gather(group)
            } catch {
                lose()
                complete(group, error)
                return endComposing()
            }
            if group.text.isEmpty {
                complete(group)
                endComposing()
            } else {
                write(group)
            }
        } catch {
            for request in waiting {
                request.refuse(error)
                request.isDone = true
            }
            waiting.removeAll()
            endComposing()
        }
    }

    /// Takes the journal's lock and learns what others did meanwhile; nothing to do if the lock was kept.
    private func enter() throws(JournalError) {
        if lock != nil, tip != nil, groups < JournalWriter.groupsInARow {
            groups += 1
            return
        }
        while isWriting { monitor.waitAsComposer() }
        if failure != nil { lose() }
        let wasHeld = lock != nil
        lock = nil
        monitor.unlock()
        defer { monitor.lock() }
        if wasHeld { usleep(100) }
        do throws(FileError) {
            if lockFile == nil { lockFile = try directory.fileSystem.lockFile(directory.lockPath) }
            lock = try lockFile?.lock()
        } catch { throw JournalError(error) }
        groups = 1
        try renewTip()
    }

    private func takeGroup() throws(JournalError) -> CommitGroup {
        if let group = spareGroups.popLast() { return group }
        do throws(GzipError) { return try CommitGroup() } catch { throw JournalError(error, path: directory.path) }
    }

    /// Composes waiting commits until nobody writes, and none waits or is expected soon, or there is enough for a sync of
    /// its own: what still waits is then composed beside it.
    private func gather(_ group: CommitGroup) throws(JournalError) {
        while true {
            if !isWriting, group.isWorthASync {
                break
            } else if !group.isFull, !waiting.isEmpty {
                let request = waiting.removeFirst()
                let observed = observed
                self.observed = nil
                monitor.unlock()
                defer { monitor.lock() }
                do throws(JournalError) {
                    try compose(request, in: group, observed)
                } catch {
                    request.refuse(error)
                    group.requests.append(request)
                    throw error
                }
            } else if !isWriting {
                guard let time = company.end(having: group.requests.count) else { break }
                monitor.waitAsComposer(until: time)
            } else if group.isBehind {
                monitor.unlock()
                defer { monitor.lock() }
                try compress(group, upTo: group.text.count)
            } else {
                monitor.waitAsComposer()
            }
        }
        if let failure { throw failure }
    }

    private func write(_ group: CommitGroup) {
        let segment = tip
        isWriting = true
        isComposing = false
        let start = MonotonicTime.now
        monitor.wakeOthers()
        monitor.unlock()
        var failed: JournalError?
        do throws(JournalError) { try append(group, upTo: group.text.count, to: segment) } catch { failed = error }
        monitor.lock()
        isWriting = false
        company.note(callers: callers, start: start)
        if let failed {
            mustBegin = mustBegin || segment?.isSpoiled == true
            if isComposing { failure = failed } else { tip = nil }
        } else {
            setDurable(group, group.operations.count)
        }
        complete(group, failed)
        if !isComposing { lock = nil }
        monitor.wakeComposer()
    }

    /// Answers the commits of a group.
    private func complete(_ group: CommitGroup, _ error: JournalError? = nil) {
        for request in group.requests {
            if let error { request.refuse(error) }
            request.isDone = true
        }
        group.reset()
        spareGroups.append(group)
        monitor.wakeOthers()
    }

    private func setDurable(_ group: CommitGroup, _ count: Int) {
        guard count > 0 else { return }
        let last = group.operations[count - 1]
        durable.seq = last.seq
        durable.line.removeAll(keepingCapacity: true)
        durable.line.append(contentsOf: group.text[last.line.range])
    }

    private func endComposing() {
        isComposing = false
        if !isWriting { lock = nil }
        monitor.wakeOthers()
    }

    /// Forgets the state of the open segment after a failure; it is read again before the next commit.
    private func lose() {
        mustBegin = mustBegin || tip?.isSpoiled == true
        tip = nil
        failure = nil
    }

    // MARK: The thread that composes; outside the monitor

    /// Runs `body` while nobody else composes or writes, in any process.
    func exclusively<Result>(_ body: () throws -> Result) throws -> Result {
        monitor.lock()
        while isComposing { monitor.wait() }
        isComposing = true
        defer {
            endComposing()
            monitor.unlock()
        }
        while isWriting { monitor.waitAsComposer() }
        if failure != nil { lose() }
        try enter()
        monitor.unlock()
        defer { monitor.lock() }
        return try body()
    }

    private func compose(
        _ request: CommitRequest, in group: CommitGroup, _ observed: HybridTime?
    ) throws(JournalError) {
        let wall = wallClock()
        if let observed { clock.observe(observed, wall: wall) }
        var probe = clock
        if probe.tick(wall: wall) == nil {
            try rollOver(group, text: group.text.count, operations: group.operations.count)
            clock = HybridClock(last: HybridTime(milliseconds: wall - 1))
        }
        guard let last = tip?.parser.last else { throw lost }
        var start = (text: group.text.count, operations: group.operations.count)
        var builder = CommitBuilder(group, path: directory.path, nextSeq: last + 1, clock: clock, wall: wall)
        do {
            try request.run(&builder)
        } catch {
            group.truncate(text: start.text, operations: start.operations)
            request.refuse(error)
            group.requests.append(request)
            return
        }
        clock = builder.clock
        let size = Int64(group.text.count - start.text)
        if let tip, size > 0, tip.parser.count > 0, tip.textSize + size > OpenSegment.textLimit {
            try rollOver(group, text: start.text, operations: start.operations)
            start = (0, 0)
        }
        guard let tip else { throw lost }
        tip.textSize += size
        let accepted = group.text.withUnsafeBytes { text -> Result<Void, SegmentError> in
            do throws(SegmentError) {
                return .success(
                    try tip.parser.accept(
                        group.operations[start.operations...], in: text, lines: start.text..<text.count))
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let error) = accepted { throw JournalError(.refused, directory.path, error.reason) }
        group.requests.append(request)
    }

    /// Makes durable what of the group stands before the given places, answers it, and begins a new segment for the rest.
    private func rollOver(_ group: CommitGroup, text: Int, operations: Int) throws(JournalError) {
        let failed = monitor.withLock {
            while isWriting { monitor.waitAsComposer() }
            return failure
        }
        if let failed { throw failed }
        try append(group, upTo: text, to: tip)
        monitor.withLock {
            setDurable(group, operations)
            for request in group.requests { request.isDone = true }
            monitor.wakeOthers()
        }
        group.reset(keeping: text, operations: operations)
        try closeTip(day: nil)
        sealer.start()
    }

    private var lost: JournalError { JournalError(.inputOutput, directory.path, "no segment is open") }

    private func append(_ group: CommitGroup, upTo end: Int, to segment: OpenSegment?) throws(JournalError) {
        guard let segment else { throw lost }
        let member: [UInt8]
        do throws(GzipError) {
            member = try group.finish(upTo: end)
        } catch {
            throw JournalError(error, path: directory.path)
        }
        if !member.isEmpty { try segment.append(member) }
    }

    private func compress(_ group: CommitGroup, upTo end: Int) throws(JournalError) {
        do throws(GzipError) {
            try group.compress(upTo: end)
        } catch {
            throw JournalError(error, path: directory.path)
        }
    }

    // MARK: What others wrote

    /// The number that is known to be durable; negative before the journal was opened.
    var knownSeq: Int64 { monitor.withLock { durable.seq } }

    /// Makes `segment` the one that is written to.
    func adopt(_ segment: OpenSegment, clock time: HybridTime?) {
        tip = segment
        if let time { clock = HybridClock(last: time) }
        monitor.withLock {
            guard durable.seq != segment.parser.last else { return }
            durable = (segment.parser.last, segment.found.line ?? [])
        }
    }

    /// The last time given out.
    var lastTime: HybridTime { clock.last }

    /// Tells of operations that others appended.
    func tell(_ lines: UnsafeRawBufferPointer, _ operations: [ScannedOperation]) {
        guard let last = operations.last else { return }
        discovered(lines, operations)
        monitor.withLock { durable = (last.seq, Array(lines[last.line])) }
    }
}
