import Nightdrop
import NightdropFormats
import Testing

@testable import NightdropWatch

/// Waits, breaker and schedule, on a clock that the test turns.
@Suite struct PlanTests {
    @Test func waitsDoubleUpToTheLimit() {
        var backoff = Backoff(limit: 300_000)
        let waits = (0..<12).map { _ in backoff.fail(jitter: 0) }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map { $0 * 1000 })
        backoff.succeed()
        let again = backoff.fail(jitter: 0)
        #expect(again == 1000)
    }

    @Test func jitterOnlyAdds() {
        for jitter in [0, 0.5, 1, 7, -3] as [Double] {
            var backoff = Backoff(limit: 300_000)
            let wait = backoff.fail(jitter: jitter)
            #expect((1000...1250).contains(wait), "\(jitter)")
        }
    }

    @Test func theBreakerOpensAfterThreeFailuresAndLetsOneProbeThrough() {
        var breaker = CircuitBreaker(failures: 3, pause: 30_000)
        var opened = [breaker.fail(at: 0), breaker.fail(at: 1)]
        #expect(!breaker.isOpen(at: 1))
        opened.append(breaker.fail(at: 2))
        #expect(breaker.isOpen(at: 30_001))
        #expect(!breaker.isOpen(at: 30_002))
        opened.append(breaker.fail(at: 30_002))
        #expect(breaker.isOpen(at: 60_001))
        breaker.succeed()
        #expect(!breaker.isOpen(at: 60_001))
        opened.append(breaker.fail(at: 60_001))
        #expect(opened == [false, false, true, true, false])
    }

    /// The first three tries by waits, then one probe each 30 s, and after five retries at the interval.
    @Test func anUnreachableDirectoryIsTriedLessAndLess() {
        var plan = DirectoryPlan(WatchSettings(), now: 0)
        var now: Int64 = 0
        var tries: [Int64] = []
        var failed: [Bool] = []
        while tries.count < 8 {
            switch plan.step(at: now, retryAt: nil) {
            case .wait(let until): now = until
            case .visit(let isCycle):
                tries.append(now / 1000)
                plan.begin(isCycle: isCycle)
                _ = plan.failed(at: now, jitter: 0)
                failed.append(plan.attempts.hasFailed)
            }
        }
        #expect(tries == [0, 1, 3, 33, 63, 93, 393, 693])
        #expect(failed == [false, false, false, false, false, true, true, true])
    }

    @Test func aChangeEndsThePauseAndSuccessForgetsTheFailures() {
        var plan = DirectoryPlan(WatchSettings(), now: 0)
        for _ in 0..<3 { _ = plan.failed(at: 0, jitter: 0) }
        plan.arrived(at: 100)
        #expect(plan.step(at: 100, retryAt: nil) == .wait(until: 30_000))
        plan.changed(at: 200)
        #expect(plan.step(at: 200, retryAt: nil) == .visit(isCycle: true))
        plan.begin(isCycle: true)
        plan.succeeded(isCycle: true, exported: false, from: 200, to: 210)
        #expect(plan.attempts.failures == 0)
        #expect(plan.step(at: 210, retryAt: nil) == .wait(until: 300_210))
    }

    @Test func whatArrivesTogetherIsTakenTogether() {
        var plan = settled()
        plan.arrived(at: 1000)
        plan.arrived(at: 1050)
        #expect(plan.step(at: 1050, retryAt: nil) == .wait(until: 1000 + DirectoryPlan.gathering))
        #expect(plan.step(at: 1000 + DirectoryPlan.gathering, retryAt: nil) == .visit(isCycle: false))
    }

    @Test func aBundleThatIsNotWholeBringsTheNextVisitForward() {
        let plan = settled()
        #expect(plan.step(at: 1000, retryAt: 2000) == .wait(until: 2000))
        #expect(plan.step(at: 2000, retryAt: 2000) == .visit(isCycle: false))
    }

    @Test(arguments: [(10, 1), (9, 1), (8, 1), (7, 2), (5, 2), (4, 5), (3, 5)])
    func eachPriorityHasItsCycle(priority: Int, cycles: Int64) {
        var schedule = ExportSchedule()
        schedule.add(Urgency(priority: priority))
        for cycle in 1...cycles {
            schedule.beginCycle()
            #expect(schedule.exports == (cycle == cycles || priority == 10))
        }
        schedule.exported()
        schedule.beginCycle()
        #expect(!schedule.exports)
    }

    @Test func backgroundNeverGoesByItselfAndWhatIsDueStaysDue() {
        var schedule = ExportSchedule()
        schedule.add(Urgency(priority: 1))
        for _ in 0..<20 { schedule.beginCycle() }
        #expect(!schedule.exports)
        schedule.add(.low)
        for _ in 0..<5 { schedule.beginCycle() }
        #expect(schedule.exports)
        schedule.beginCycle()
        #expect(schedule.exports, "it was not exported yet")
        schedule.exported()
        #expect(!schedule.exports)
    }

    @Test func criticalGoesAtOnceButNotMoreThanOnceASecond() {
        var plan = settled()
        plan.schedule.add(.critical)
        #expect(plan.step(at: 5000, retryAt: nil) == .visit(isCycle: false))
        plan.begin(isCycle: false)
        plan.succeeded(isCycle: false, exported: true, from: 5000, to: 5020)
        plan.schedule.add(.critical)
        #expect(plan.step(at: 5100, retryAt: nil) == .wait(until: 6020))
        #expect(plan.step(at: 6020, retryAt: nil) == .visit(isCycle: false))
        // An export that takes long leaves the disk alone for longer.
        plan.succeeded(isCycle: false, exported: true, from: 7000, to: 8000)
        plan.schedule.add(.critical)
        #expect(plan.step(at: 8000, retryAt: nil) == .wait(until: 12_000))
    }

    @Test func bundlesAreRetriedByThemselves() {
        var ledger = BundleLedger(WatchSettings())
        let incomplete = BundleOutcome(file: "a", outcome: .incomplete, reason: "incomplete: it ends early")
        var refused = BundleOutcome(file: "b", outcome: .refused, reason: "unknown-key: who is that?")
        refused.status = 77
        let new = ledger.note([incomplete, refused], at: 0, jitter: { 0 })
        #expect(new.map(\.file) == ["a", "b"])
        #expect(ledger.nextTry == 1000)
        #expect(ledger.failed.map(\.file) == ["b"])
        // A visit for another reason is no try of its own.
        let known = ledger.note([incomplete, refused], at: 500, jitter: { 0 })
        #expect(known.isEmpty)
        #expect(ledger.nextTry == 1000)
        var now: Int64 = 0
        for _ in 0..<5 {
            now = ledger.nextTry ?? now
            _ = ledger.note([incomplete, refused], at: now, jitter: { 0 })
        }
        #expect(ledger.failed.map(\.file) == ["a", "b"])
        _ = ledger.note([refused], at: now, jitter: { 0 })
        #expect(ledger.failed.map(\.file) == ["b"])
        #expect(ledger.nextTry == nil)
    }

    private func settled() -> DirectoryPlan {
        var plan = DirectoryPlan(WatchSettings(), now: 0)
        plan.begin(isCycle: true)
        plan.succeeded(isCycle: true, exported: false, from: 0, to: 0)
        return plan
    }
}
