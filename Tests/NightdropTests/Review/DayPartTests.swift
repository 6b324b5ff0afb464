import Foundation
import Nightdrop
import NightdropModel
import Testing

/// No close of a day takes the place of another one, whatever the till calls it.
@Suite struct DayPartTests {
    private let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          sale: {direction: up, controlTotal: total}
        """

    private func sell(_ till: Terminal, _ id: String, _ total: String) throws {
        _ = try till.record(OperationDraft(.create, "sale", id: id, set: set(["total": total])))
    }

    @Test func aDayClosedAgainAfterAnEarlierOneKeepsBothCloses() throws {
        let chain = try Chain(policy: policy)
        let till = try chain.till("T1")
        for (number, day) in ["2026-11-21", "2026-11-20", "2026-11-21"].enumerated() {
            try sell(till, "S\(number)", "\(number + 1)")
            try chain.close("T1", day: day)
        }
        try chain.merge()
        let day = try #require(try chain.central.days().first { $0.day == "2026-11-21" })
        #expect(day.operations == 2 && day.agrees == true)
        #expect(day.totals.entries["sale"] == ControlTotals.Entry(creates: 2, sum: ExactDecimal("4")))
        #expect(try chain.central.verifyStore().problems.map(\.text) == [])
        try chain.merge()
        #expect(try chain.central.days().map(\.operations) == [1, 2], "merged again")
    }

    @Test func aCloseThatTheStoreLacksIsMissed() throws {
        let chain = try Chain(policy: policy)
        let till = try chain.till("T1")
        for (number, day) in ["2026-11-21", "2026-11-20", "2026-11-21"].enumerated() {
            try sell(till, "S\(number)", "\(number + 1)")
            try chain.close("T1", day: day)
        }
        try chain.merge()
        try chain.sqlite("DELETE FROM _day WHERE day = '2026-11-21' AND part = 1")
        let texts = try chain.central.verifyStore().problems.map(\.text)
        #expect(texts == ["2026-11-21 of T1 was closed, but the store does not show it"])
        try chain.sqlite("UPDATE _day SET operations = 7 WHERE day = '2026-11-20'")
        #expect(try chain.central.verifyStore().problems.count == 2)
    }
}
