import NightdropFilesTesting
import NightdropFormats
import NightdropJournal
import NightdropModel
import Synchronization
import Testing

/// A journal against the simplest model of it: a list of ids, and sums.
@Suite struct ModelTests {
    @Test func anyHistoryEqualsItsModel() throws {
        for _ in 0..<15 {
            let seed = chosenSeed()
            do { try run(seed) } catch { Issue.record(error, "NIGHTDROP_SEED=\(seed)") }
        }
    }

    private func run(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fixture = try JournalFixture(CrashFileSystem(), path: "/j")
        var writer = try fixture.writer()
        var ids: [String] = []
        var cents: Int64 = 0
        var sinceClose: Int64 = 0
        for _ in 0..<60 {
            fixture.time.withLock { $0 += Int64.random(in: -200_000...400_000, using: &random) }
            switch Int.random(in: 0..<12, using: &random) {
            case 0: writer = try fixture.writer()
            case 1: _ = try writer.seal()
            case 2:
                let close = try writer.seal(close: "2026-11-20").last?.trailer?.close
                let sum = ExactDecimal(negative: cents < 0, coefficient: UInt128(cents.magnitude), exponent: -2)
                #expect(
                    close?.operations == sinceClose && close?.totals.entries["sale"]?.sum ?? .zero == sum, "\(seed)")
                (cents, sinceClose) = (0, 0)
            case 3: fixture.time.withLock { $0 -= 700_000 }
            default:
                let count = Int.random(in: 1...4, using: &random)
                let new = (0..<count).map { "s\(ids.count + $0)" }
                let amount = Int64.random(in: -500...500, using: &random)
                let total = ExactDecimal(negative: amount < 0, coefficient: UInt128(amount.magnitude), exponent: -2)
                let range = try writer.sell(new, total: total?.text ?? "0")
                #expect(range == Int64(ids.count + 1)...Int64(ids.count + count), "\(seed)")
                ids += new
                cents += amount * Int64(count)
                sinceClose += Int64(count)
            }
            #expect(writer.lastSeq == Int64(ids.count), "\(seed)")
        }
        #expect(try fixture.ids() == ids, "\(seed)")
        var count: Int64 = 0
        try fixture.reader.verify { _, summary in count += summary.count }
        #expect(count == Int64(ids.count), "\(seed)")
        let from = Int64.random(in: 1...Int64(max(1, ids.count)), using: &random)
        if !ids.isEmpty { #expect(try fixture.lines(from: from).count == ids.count + 1 - Int(from), "\(seed)") }
    }
}
