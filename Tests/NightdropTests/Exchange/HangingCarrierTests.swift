import Foundation
import Nightdrop
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import NightdropModel
import Synchronization
import Testing

/// A carrier may hang inside any call of the system, for as long as it likes: nobody else may have to wait for it.
@Suite struct HangingCarrierTests {
    // MARK: No lock is held

    /// Every single call on the carrier is made while whoever likes could lock the node and write to its store.
    @Test func aTillHoldsNoLockWhileItTouchesACarrier() throws {
        let busy = try Busy(heldUp: "T1")
        try busy.fillForTheTill()
        let till = try busy.till()
        let visit = try till.exchange(with: busy.chain.exchange)
        #expect(Set(visit.came.map(\.outcome)) == [.merged, .refused])
        #expect(visit.left.count == 1 && !visit.removed.isEmpty)
        _ = try till.record(OperationDraft(.create, "sale", id: "T1-2", set: set(["total": "2"])))
        #expect(try till.close(day: "2026-11-20", to: busy.chain.exchange).bundle != nil)
        _ = try till.take([busy.chain.exchange])
        #expect(try !till.export(to: busy.chain.exchange, maxSize: 1 << 20).files.isEmpty)
        #expect(busy.calls.isSuperset(of: Busy.writing), "\(busy.calls)")
        #expect(busy.violations == [])
    }

    @Test func headOfficeHoldsNoLockWhileItTouchesACarrier() throws {
        let busy = try Busy(heldUp: "HQ")
        try busy.fillForHeadOffice()
        let central = try busy.central()
        let carrier = busy.chain.exchange
        let preview = try central.preview([carrier])
        let plan = busy.chain.path("plan.json")
        try central.write(preview, to: plan)
        #expect(try central.apply(central.promise(file: plan), returnTo: carrier).returns.count == 1)
        try busy.sell("T1", "T1-9")
        _ = try busy.chain.tills["T1"]?.export(to: carrier)
        let visit = try central.exchange(with: carrier)
        #expect(Set(visit.came.map(\.outcome)) == [.merged, .refused])
        #expect(Set(visit.came.compactMap { $0.reason?.split(separator: ":").first }) == ["malformed", "revoked-key"])
        #expect(visit.left.count == 3, "two answers, and the notice of a refused key")
        #expect(!visit.removed.isEmpty)
        #expect(try central.merge([carrier], returnTo: carrier).bundles.isEmpty == false)
        #expect(try !central.writeReturns(to: carrier).isEmpty)
        _ = try central.record(OperationDraft(.create, "product", id: "TEA", set: []))
        try FileManager.default.removeItem(atPath: carrier + "/to/T1")
        try FileManager.default.createDirectory(atPath: carrier + "/to/T1", withIntermediateDirectories: true)
        let behind = try central.terminalsToUpdate(in: carrier, behind: nil)
        #expect(behind.map(\.text) == ["T1"])
        #expect(try central.silentTerminals(in: carrier, since: .max).map(\.text) == ["T1"])
        try central.update(behind, in: carrier)
        #expect(busy.calls.isSuperset(of: Busy.writing), "\(busy.calls)")
        #expect(busy.violations == [])
    }

    // MARK: Everybody else goes on

    /// A visit that hangs at one of its calls, wherever that is, holds up no other carrier and nobody who works on the till.
    @Test(arguments: [0, 7, 15, 24, 34, 45, 60, 80])
    func aTillGoesOnBesideAHangingCarrier(calls: Int) throws {
        let gate = Gate()
        let busy = try Busy(heldUp: "T1", heed: { _, _ in gate.pass() })
        try busy.fillForTheTill()
        let (till, other) = (try busy.till(), try Terminal(at: busy.chain.path("T1")))
        let second = try busy.secondCarrier()
        gate.close(after: calls)
        let carrier = busy.chain.exchange
        let visit = Visit { try till.exchange(with: carrier) }
        gate.awaitHolding { visit.isOver }

        _ = try till.record(OperationDraft(.create, "sale", id: "T1-2", set: set(["total": "2"])))
        _ = try other.record(OperationDraft(.create, "sale", id: "T1-3", set: set(["total": "3"])))
        let report = try till.exchange(with: second)
        #expect(report.status == 0 && report.left.count == 1, "\(report.attention)")
        #expect(try other.close(day: "2026-11-20", to: second).bundle != nil)
        _ = try other.applyHeld()
        #expect(try other.status().totals.pending == 3)

        gate.open()
        #expect(try visit.report().failure == nil)
        // What both carriers bring is merged once.
        _ = try busy.chain.central.merge([second])
        _ = try busy.chain.central.merge([busy.chain.exchange])
        for id in ["T1-1", "T1-2", "T1-3"] { #expect(try busy.chain.central.get("sale", id) != nil) }
        #expect(try till.get("product", "TEA") != nil)
        #expect(try busy.leftovers("T1") == ["lock"])
    }

    @Test(arguments: [0, 7, 15, 24, 34, 45, 60, 80])
    func headOfficeGoesOnBesideAHangingCarrier(calls: Int) throws {
        let gate = Gate()
        let busy = try Busy(heldUp: "HQ", heed: { _, _ in gate.pass() })
        try busy.fillForHeadOffice()
        let (central, other) = (try busy.central(), try Central(at: busy.chain.path("HQ")))
        let second = try busy.secondCarrier()
        // The same bundle comes by both ways, and another one by this one only.
        try busy.copyBundles(to: second)
        try busy.sell("T2", "T2-1")
        _ = try busy.chain.tills["T2"]?.export(to: second)
        gate.close(after: calls)
        let carrier = busy.chain.exchange
        let visit = Visit { try central.exchange(with: carrier) }
        gate.awaitHolding { visit.isOver }

        #expect(try central.exchange(with: second).left.count >= 1)
        _ = try other.record(OperationDraft(.create, "product", id: "TEA", set: []))
        #expect(try other.merge([second], returnTo: second).csn > 0)
        let plan = busy.chain.path("plan.json")
        try other.write(try other.preview([second]), to: plan)
        _ = try other.apply(other.promise(file: plan))
        #expect(try other.status().totals.failed == 0)
        #expect(try other.get("sale", "T2-1") != nil)

        gate.open()
        #expect(try visit.report().failure == nil)
        for id in ["T1-1", "T2-1"] { #expect(try central.get("sale", id) != nil) }
        var sales = 0
        try central.records("sale") { _ in sales += 1 }
        #expect(sales == 2, "nothing is merged twice")
        #expect(try central.status().totals.conflicts == 0)
        #expect(try busy.leftovers("HQ") == [])
    }

    // MARK: At once

    /// The same bundles by many ways, while another process merges them, too.
    @Test func whatComesByManyWaysAtOnceIsMergedOnce() throws {
        let chain = try Chain()
        for id in ["T1", "T2", "T3"] { try chain.till(id) }
        for (id, till) in chain.tills {
            for number in 1...20 {
                _ = try till.record(
                    OperationDraft(.create, "sale", id: "\(id)-\(number)", set: set(["total": "\(number)"])))
            }
            _ = try till.close(day: "2026-11-20", to: chain.exchange)
        }
        let ways = try (1...3).map { number in
            let way = chain.path("way\(number)")
            try FileManager.default.copyItem(atPath: chain.exchange, toPath: way)
            return way
        }
        let (central, other, carrier) = (chain.central, try Central(at: chain.path("HQ")), chain.exchange)
        let visits =
            ways.map { way in Visit { try central.exchange(with: way) } } + [
                Visit {
                    _ = try other.merge([carrier])
                    return ExchangeReport(directory: carrier)
                }
            ]
        for visit in visits { #expect(try visit.report().failure == nil) }
        var sales = 0
        try chain.central.records("sale") { _ in sales += 1 }
        #expect(sales == 60)
        #expect(try chain.central.status().totals.conflicts == 0)
        #expect(try chain.central.days().allSatisfy { $0.agrees == true })
        for way in ways {
            #expect(try FileManager.default.contentsOfDirectory(atPath: way + "/to/HQ") == [], "all is taken away")
        }

        // Back: the same answers by many ways.
        let till = try #require(chain.tills["T1"])
        let back = ways.map { way in Visit { try till.exchange(with: way) } }
        for visit in back { #expect(try visit.report().failure == nil) }
        #expect(try till.status().totals.pending == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: chain.path("T1/inbox")) == ["lock"])
    }

    /// What an interrupted visit has copied is removed by the next one, and what another one is copying is left alone.
    @Test func whatAVisitLeftBehindIsRemoved() throws {
        let gate = Gate()
        let busy = try Busy(heldUp: "T1", heed: { call, _ in if call == .read { gate.pass() } })
        try busy.fillForTheTill()
        let till = try busy.till()
        let inbox = busy.chain.path("T1/inbox/")
        for name in [".00c0ffee.lock", ".00c0ffee.HQ-x.nightdrop.tar.partial"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: inbox + name))
        }
        gate.close(after: 3)
        let carrier = busy.chain.exchange
        let visit = Visit { try till.exchange(with: carrier) }
        gate.awaitHolding { visit.isOver }
        let second = try busy.secondCarrier()
        try busy.copyBundles(to: second)
        #expect(try till.exchange(with: second).came.contains { $0.outcome == .merged })
        let held = try busy.leftovers("T1")
        #expect(held.allSatisfy { !$0.contains("00c0ffee") } && held.contains { $0.hasSuffix(".partial") }, "\(held)")
        gate.open()
        #expect(try visit.report().failure == nil)
        #expect(try busy.leftovers("T1") == ["lock"])
    }
}

/// Head office and a till, one of which has a carrier on which every call is announced.
private final class Busy {
    let chain: Chain
    private let fileSystem: HeedfulFileSystem
    private let notes = Notes()

    /// What only happens where something is written, read back and tidied up.
    static let writing: Set<FileCall> = [
        .open, .names, .status, .read, .write, .synchronize, .dropCache, .rename, .remove, .synchronizeDirectory,
        .medium,
    ]

    /// Without `heed`, the node's locks are tried at every call.
    init(heldUp node: String, heed: (@Sendable (FileCall, String) -> Void)? = nil) throws {
        let chain = try Chain()
        self.chain = chain
        let path = chain.path(node)
        let notes = notes
        fileSystem = HeedfulFileSystem(over: DiskFileSystem(), root: chain.exchange) { call, file in
            if let heed { return heed(call, file) }
            notes.add(call, Busy.heldLocks(of: path).map { "\($0) at \(call) of \(file)" })
        }
        for id in ["T1", "T2"] { try chain.till(id) }
        for till in chain.tills.values { _ = try till.exchange(with: chain.exchange) }
        _ = try chain.central.exchange(with: chain.exchange)
        for till in chain.tills.values { _ = try till.exchange(with: chain.exchange) }
        notes.clear()
    }

    var violations: [String] { notes.violations }
    var calls: Set<FileCall> { notes.calls }

    func till() throws -> Terminal { try Terminal(at: NodeDirectory(chain.path("T1")), fileSystem: fileSystem) }

    func central() throws -> Central { try Central(at: chain.path("HQ"), fileSystem: fileSystem) }

    func sell(_ till: String, _ id: String) throws {
        _ = try chain.tills[till]?.record(OperationDraft(.create, "sale", id: id, set: set(["total": "1"])))
    }

    /// A change of head office for the till, a damaged bundle, and a sale that is to go out.
    func fillForTheTill() throws {
        _ = try chain.central.record(OperationDraft(.create, "product", id: "TEA", set: set(["name": #""Tea""#])))
        _ = try chain.central.writeReturns([try #require(NodeID("T1"))], to: chain.exchange)
        try damage(chain.exchange + "/to/T1/HQ-00000000-000000000001-000000000002.nightdrop.tar")
        try sell("T1", "T1-1")
    }

    /// A sale of one till, a bundle with a key that is refused, and a damaged one.
    func fillForHeadOffice() throws {
        try sell("T1", "T1-1")
        _ = try chain.tills["T1"]?.export(to: chain.exchange)
        let thief = try chain.till("T3")
        _ = try thief.record(OperationDraft(.create, "sale", id: "T3-1", set: set(["total": "1"])))
        _ = try thief.export(to: chain.exchange)
        _ = try chain.central.revoke(try #require(NodeID("T3")))
        try damage(chain.exchange + "/to/HQ/T1-00000000-000000000001-000000000002.nightdrop.tar")
    }

    /// Bytes that have settled, and are no bundle.
    private func damage(_ path: String) throws {
        try Data(repeating: 7, count: 2000).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -600)], ofItemAtPath: path)
    }

    func secondCarrier() throws -> String {
        let path = chain.path("second")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// The good bundles that lie on the carrier lie on another one, too.
    func copyBundles(to path: String) throws {
        for node in ["HQ", "T1"] {
            let folder = "/to/" + node
            try FileManager.default.createDirectory(atPath: path + folder, withIntermediateDirectories: true)
            for name in try FileManager.default.contentsOfDirectory(atPath: chain.exchange + folder)
            where !name.contains("-00000000-") && !name.hasPrefix("T3-") {
                try FileManager.default.copyItem(
                    atPath: chain.exchange + folder + "/" + name, toPath: path + folder + "/" + name)
            }
        }
    }

    /// What lies in the inbox of a node.
    func leftovers(_ node: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: chain.path(node + "/inbox"))
    }

    /// The locks of a node that somebody holds. Locks of a visit itself, which nobody else waits for, bear hidden names.
    private static func heldLocks(of node: String) -> [String] {
        var held: [String] = []
        for case let name as String in FileManager.default.enumerator(atPath: node) ?? .init() {
            let file = Path.name(of: name)
            guard file.hasSuffix("lock"), !file.hasPrefix(".") else { continue }
            do throws(FileError) {
                let lock = try DiskFileSystem().lock(node + "/" + name, wait: false)
                withExtendedLifetime(lock) {}
            } catch { held.append("\(name): \(error.kind)") }
        }
        // It answers whether anybody reads or writes: 0 if nobody does.
        let answer = sqlite(node + "/store.sqlite", "PRAGMA wal_checkpoint(TRUNCATE)")
        if !answer.hasPrefix("0|") { held.append("store.sqlite: \(answer)") }
        return held
    }

    private static func sqlite(_ path: String, _ statement: String) -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sqlite3", path, statement]
        process.standardOutput = pipe
        process.standardError = pipe
        guard (try? process.run()) != nil else { return "sqlite3 did not run" }
        let answer = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return answer.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// What was seen at the calls.
private final class Notes: Sendable {
    private let state = Mutex<(calls: Set<FileCall>, violations: [String])>(([], []))

    var calls: Set<FileCall> { state.withLock { $0.calls } }
    var violations: [String] { state.withLock { $0.violations } }

    func add(_ call: FileCall, _ violations: [String]) {
        state.withLock { state in
            state.calls.insert(call)
            state.violations += violations
        }
    }

    func clear() { state.withLock { $0 = ([], []) } }
}

/// A visit on a thread of its own.
private final class Visit: Sendable {
    private let result = Mutex<Result<ExchangeReport, any Error>?>(nil)

    init(_ body: @escaping @Sendable () throws -> ExchangeReport) {
        let thread = Thread { [self] in
            let answer = Result(catching: body)
            result.withLock { $0 = answer }
        }
        thread.stackSize = 16 << 20
        thread.start()
    }

    var isOver: Bool { result.withLock { $0 != nil } }

    func report() throws -> ExchangeReport {
        while !isOver { usleep(2000) }
        guard let result = result.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }
}
