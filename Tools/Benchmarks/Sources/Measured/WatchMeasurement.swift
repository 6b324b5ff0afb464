import Foundation
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropWatch

/// What a watch costs, and how fast it is, at default settings on one local directory.
enum WatchMeasurement {
    /// From a sale that is durable at a till to head office showing it, both watching. `seconds` is the median.
    static func visible(_ directory: String, samples: Int) throws -> Measurement {
        let till = try EnrolledTill(at: directory)
        let exchange = directory + "/exchange"
        let watches = try ["/central", "/till"].map { try Watch(node: directory + $0, directories: [exchange]) }
        let threads = watches.map { watch in WorkThread { watch.runUntilStopped() } }
        for thread in threads { thread.start() }
        defer { for watch in watches { watch.stop() } }
        let central = try Central(at: directory + "/central")
        var random = SeededRandom(7)
        var latencies: [Double] = []
        // The first one meets the start of both watches.
        for sample in 0...samples {
            let id = "T07-\(Till.digits(sample, 6))"
            _ = try till.terminal.record(sale(id))
            let start = Measurement.now(CLOCK_MONOTONIC)
            while try central.get("sale", id) == nil {
                guard Measurement.now(CLOCK_MONOTONIC) < start + 60 else {
                    throw BenchmarkError("sale \(id) has not arrived within a minute")
                }
                usleep(1000)
            }
            latencies.append(Measurement.now(CLOCK_MONOTONIC) - start)
            usleep(UInt32(random.below(2_500_000)))
        }
        for watch in watches { watch.stop() }
        for thread in threads { try thread.join() }
        latencies.removeFirst()
        var result = Measurement()
        result.operations = Int64(samples)
        result.seconds = latencies.median
        result.more = ["p99": latencies.quantile(0.99)]
        return result
    }

    /// Head office's watch over a directory with a folder and a bundle for each of so many tills, when nothing happens. The
    /// first `enrolled` of them are tills of its own. `cpu` is of `seconds`, of which the first cycle is no part.
    static func idle(_ directory: String, terminals: Int, enrolled: Int, seconds: Int) throws -> Measurement {
        let exchange = directory + "/exchange"
        try DiskFileSystem().createDirectory(exchange)
        let central = try Central.create(at: directory + "/central", id: Corpus.central, organisation: "Corner Shops")
        for number in 1...enrolled {
            let journal = try TillJournal(
                node: Till.id("T", number), store: Till.id("S", (number + 9) / 10), seed: UInt64(number),
                policy: central.policy, scratch: directory)
            let request = directory + "/request" + EnrollmentRequest.fileSuffix
            try Data(journal.request()).write(to: URL(fileURLWithPath: request))
            _ = try central.enroll(request, to: exchange)
        }
        let folder = "\(exchange)/to/\(Till.id("T", 1))"
        for number in enrolled..<terminals {
            try FileManager.default.copyItem(atPath: folder, toPath: "\(exchange)/to/\(Till.id("T", number + 1))")
        }
        let idle = Idleness()
        let watch = try Watch(node: directory + "/central", directories: [exchange]) { idle.note($0) }
        let thread = WorkThread { watch.runUntilStopped() }
        thread.start()
        idle.wait(quiet: 5)
        let before = Measurement.now(CLOCK_PROCESS_CPUTIME_ID)
        let events = idle.count
        sleep(UInt32(seconds))
        var result = Measurement()
        result.cpu = Measurement.now(CLOCK_PROCESS_CPUTIME_ID) - before
        result.seconds = Double(seconds)
        result.more = ["events": Double(idle.count - events)]
        watch.stop()
        try thread.join()
        return result
    }

    /// One sale behind the other at a till: while nothing else happens, while a snapshot of so many records goes in, and when
    /// that is done. `seconds` is the 99th percentile meanwhile, `floor` that of before and after.
    static func applying(_ directory: String, records: Int) throws -> Measurement {
        let central = try Central.create(at: directory + "/central", id: Corpus.central, organisation: "Corner Shops")
        try fill(central, records, directory)
        let made = try Terminal.create(at: directory + "/till", id: Till.id("T", 7), store: Till.id("S", 1))
        let exchange = directory + "/exchange"
        try DiskFileSystem().createDirectory(exchange)
        let grant = try central.enroll(made.request, to: exchange).grant
        var till = SellingTill(made.terminal)
        let commits = 10_000
        try till.sell(commits / 10) { false }
        try till.terminal.flush()
        var idle = try till.sell(commits) { false }
        let start = Measurement.now(CLOCK_MONOTONIC)
        let taking = Taking(made.terminal, grant)
        taking.thread.start()
        let busy = try till.sell(.max) { taking.isDone }
        let lasted = Measurement.now(CLOCK_MONOTONIC) - start
        try taking.thread.join()
        try till.terminal.flush()
        idle += try till.sell(commits) { false }
        var result = Measurement()
        result.operations = Int64(busy.count)
        result.seconds = busy.quantile(0.99)
        result.more = [
            "floor": idle.quantile(0.99), "median": busy.median, "idleMedian": idle.median, "lasted": lasted,
            "longest": busy.max() ?? .nan, "idleLongest": idle.max() ?? .nan,
        ]
        return result
    }

    private static func fill(_ central: Central, _ records: Int, _ directory: String) throws {
        let scratch = directory + "/scratch"
        try DiskFileSystem().createDirectory(scratch)
        var journal = try TillJournal(
            node: Till.id("T", 0), store: Till.id("S", 1), seed: 1, policy: central.policy, scratch: scratch)
        let request = scratch + "/request" + EnrollmentRequest.fileSuffix
        try Data(journal.request()).write(to: URL(fileURLWithPath: request))
        _ = try central.enroll(request, to: scratch)
        let operations = (0..<records).map { index in
            NumberedOperation(
                seq: Int64(index + 1), time: HybridTime(milliseconds: 1_767_500_000_000 + Int64(index)),
                draft: OperationDraft(
                    .create, "product", id: Till.product(index),
                    set: [field("name", "\"Article \(index)\""), field("price", Till.money(95 + index % 900 * 5))]))
        }
        var none: [UInt8] = []
        try journal.write(operations, cursor: nil, to: scratch, lines: &none)
        guard try central.merge([scratch]).bundles.contains(where: { $0.outcome == .merged }) else {
            throw BenchmarkError("the records were not merged")
        }
        try FileManager.default.removeItem(atPath: scratch)
    }

    fileprivate static func sale(_ id: String) -> OperationDraft {
        OperationDraft(.create, "sale", id: id, set: [field("total", "12.50"), field("lines", "[]")])
    }
}

/// A till that sells at full speed.
private struct SellingTill {
    let terminal: Terminal
    private var count = 0

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// Returns how long each commit took.
    @discardableResult
    mutating func sell(_ commits: Int, until isDone: () -> Bool) throws -> [Double] {
        var latencies: [Double] = []
        while latencies.count < commits, !isDone() {
            count += 1
            let draft = WatchMeasurement.sale("T07-\(Till.digits(count, 6))")
            let start = Measurement.now(CLOCK_MONOTONIC)
            _ = try terminal.record(draft)
            latencies.append(Measurement.now(CLOCK_MONOTONIC) - start)
        }
        return latencies
    }
}

/// A bundle that is taken in on a thread of its own.
private final class Taking: Sendable {
    let thread: WorkThread
    private let done: Occurrence

    init(_ terminal: Terminal, _ bundle: String) {
        let done = Occurrence()
        self.done = done
        thread = WorkThread {
            defer { done.raise() }
            guard try terminal.take([bundle]).first?.outcome == .merged else {
                throw BenchmarkError("the snapshot was not taken in")
            }
        }
    }

    var isDone: Bool { done.isRaised }
}
