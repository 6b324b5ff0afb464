import Foundation
import Glibc
import Nightdrop
import NightdropFiles
import NightdropJournal
import NightdropModel
import Synchronization

/// Recording, and appending as many bytes with fdatasync, by turns.
enum RecordMeasurement {
    /// One operation a commit: an update of a product, `base` and `was` filled in. Blocks of commits and of bare appends
    /// take turns; `seconds` is the median latency of a commit, `floor` that of an append.
    static func latency(_ directory: String, pairs: Int, commits: Int) throws -> Measurement {
        let till = try EnrolledTill(at: directory)
        var source = DraftSource(7, seed: 7)
        let warm = 200
        for _ in 0..<warm { _ = try till.terminal.record(source.productUpdate()) }
        let bytes = try till.memberSizes().suffix(warm).reduce(0, +) / warm
        let bare = try BareFile(directory + "/bare")
        for _ in 0..<warm { try bare.append(bytes) }
        var recorded: [Double] = []
        var appended: [Double] = []
        var result = try Measurement.of {
            for _ in 0..<pairs {
                for _ in 0..<commits {
                    let draft = source.productUpdate()
                    recorded.append(try timed { _ = try till.terminal.record(draft) })
                }
                try till.terminal.flush()
                for _ in 0..<commits { appended.append(try timed { try bare.append(bytes) }) }
            }
            return Int64(pairs * commits)
        }
        result.seconds = recorded.median
        result.more = ["floor": appended.median, "bytes": Double(bytes), "p99": recorded.quantile(0.99)]
        return result
    }

    /// The same with nothing but the journal: operations as they are, no state, no rules, no store.
    static func journal(_ directory: String, pairs: Int, commits: Int) throws -> Measurement {
        let journal = try openJournal(directory + "/journal")
        var source = DraftSource(7, seed: 7)
        var latency: [Double] = []
        for _ in 0..<pairs * commits {
            let draft = source.productUpdate()
            latency.append(try timed { _ = try commit(journal, [draft]) })
        }
        let work = (0..<4).map { writer -> [[OperationDraft]] in
            var source = DraftSource(writer, seed: UInt64(writer))
            return (0..<commits / 4).map { _ in (0..<64).map { _ in source.next() } }
        }
        var result = try Measurement.of {
            try runAll(work) { _ = try commit(journal, $0) }
            return Int64(64 * (commits / 4) * 4)
        }
        result.more = ["latency": latency.median]
        return result
    }

    /// Four threads, 64 operations a commit. The floor is one thread that appends the bytes of such a commit's member, and
    /// syncs, one after the other. `seconds` and `cpu` are per operation; `caught` counts until the store has caught up.
    static func groups(_ directory: String, pairs: Int, commits: Int) throws -> Measurement {
        var measured: [Double] = []
        var processor: [Double] = []
        var caught: [Double] = []
        var floor: [Double] = []
        var groups = 0
        var result = try Measurement.of {
            for pair in 0..<pairs {
                let path = "\(directory)/\(pair)"
                let till = try EnrolledTill(at: path)
                let work = (0..<4).map { writer -> [[OperationDraft]] in
                    var source = DraftSource(writer, seed: UInt64(pair * 4 + writer))
                    return (0..<commits / 4).map { _ in (0..<64).map { _ in source.next() } }
                }
                let bytes = try memberBytes(till)
                let before = try till.memberSizes().count
                let operations = Double(64 * (commits / 4) * 4)
                let start = (Measurement.now(CLOCK_MONOTONIC), Measurement.now(CLOCK_PROCESS_CPUTIME_ID))
                try runAll(work) { _ = try till.terminal.record($0) }
                measured.append((Measurement.now(CLOCK_MONOTONIC) - start.0) / operations)
                processor.append((Measurement.now(CLOCK_PROCESS_CPUTIME_ID) - start.1) / operations)
                try till.terminal.flush()
                caught.append((Measurement.now(CLOCK_MONOTONIC) - start.0) / operations)
                groups += try till.memberSizes().count - before
                let bare = try BareFile(path + "/bare")
                floor.append(try timed { for _ in 0..<(commits / 4) * 4 { try bare.append(bytes) } } / operations)
            }
            return Int64(pairs * commits * 64)
        }
        result.seconds = measured.median
        result.more = [
            "floor": floor.median, "groups": Double(groups) / Double(pairs), "processor": processor.median,
            "caught": caught.median,
        ]
        return result
    }

    /// So many operations in commits of 64, by four threads that make them as they go: what a till needs in memory, without
    /// that of a caller who holds them all.
    static func burst(_ directory: String, operations: Int) throws -> Measurement {
        let till = try EnrolledTill(at: directory)
        return try Measurement.of {
            let threads = (0..<4).map { writer in
                WorkThread {
                    var source = DraftSource(writer, seed: UInt64(writer))
                    for _ in 0..<operations / 256 { _ = try till.terminal.record((0..<64).map { _ in source.next() }) }
                }
            }
            for thread in threads { thread.start() }
            for thread in threads { try thread.join() }
            try till.terminal.flush()
            return Int64(operations)
        }
    }

    /// What the member of a commit of 64 operations takes that stands alone.
    private static func memberBytes(_ till: EnrolledTill) throws -> Int {
        var source = DraftSource(9, seed: 9)
        let count = 20
        for _ in 0..<count { _ = try till.terminal.record((0..<64).map { _ in source.next() }) }
        return try till.memberSizes().suffix(count).reduce(0, +) / count
    }

    static func openJournal(_ path: String) throws -> JournalWriter {
        var random = SeededRandom(1)
        return try JournalWriter(
            fileSystem: DiskFileSystem(), directory: path,
            identity: JournalIdentity(
                node: Till.id("T", 7), store: Till.id("S", 1), journal: UniqueID.random(using: &random)),
            conditions: JournalConditions(
                policyVersion: 1, controlFields: ["sale": "total", "stock_movement": "quantity"]),
            wallClock: { Int64(Measurement.now(CLOCK_REALTIME) * 1000) }, discovered: { _, _ in })
    }

    static func commit(_ journal: JournalWriter, _ drafts: [OperationDraft]) throws -> Int64 {
        try journal.commit { builder in
            var last: Int64 = 0
            for draft in drafts { last = try builder.append([draft]).upperBound }
            return last
        }
    }

    /// Makes each list's commits on a thread of its own.
    private static func runAll(
        _ work: [[[OperationDraft]]], _ commit: @escaping @Sendable ([OperationDraft]) throws -> Void
    ) throws {
        let threads = work.map { commits in WorkThread { for drafts in commits { try commit(drafts) } } }
        for thread in threads { thread.start() }
        for thread in threads { try thread.join() }
    }

    private static func timed(_ body: () throws -> Void) rethrows -> Double {
        let start = Measurement.now(CLOCK_MONOTONIC)
        try body()
        return Measurement.now(CLOCK_MONOTONIC) - start
    }
}

/// A file to which bytes are appended with nothing around: what the disk itself costs.
final class BareFile {
    private let descriptor: Int32
    private var size: Int64 = 0
    private let bytes = [UInt8](repeating: 0x5A, count: 1 << 20)

    init(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw BenchmarkError("cannot open \(path)") }
    }

    deinit { close(descriptor) }

    func append(_ count: Int) throws {
        guard pwrite(descriptor, bytes, count, off_t(size)) == count, fdatasync(descriptor) == 0 else {
            throw BenchmarkError("cannot append")
        }
        size += Int64(count)
    }
}

/// A thread that can be waited for.
final class WorkThread: Sendable {
    private let body: @Sendable () throws -> Void
    private let failure = Mutex<(any Error)?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }

    func start() {
        Thread.detachNewThread { [self] in
            do { try body() } catch { failure.withLock { $0 = error } }
            done.signal()
        }
    }

    func join() throws {
        done.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

extension [Double] {
    var median: Double { quantile(0.5) }

    func quantile(_ part: Double) -> Double {
        isEmpty ? .nan : sorted()[Swift.min(count - 1, Int(Double(count) * part))]
    }
}
