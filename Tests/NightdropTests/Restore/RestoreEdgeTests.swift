import Foundation
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStore
import Testing

/// What may go wrong around a restore.
@Suite struct RestoreEdgeTests {
    private func price(_ shop: Disaster, _ value: String, _ id: String = "A") throws {
        _ = try shop.central.record(OperationDraft(.update, "product", id: id, set: set(["price": value])))
    }

    /// A backup, and an evening that it knows nothing of.
    private func lostEvening() throws -> (Disaster, backup: String) {
        let shop = try Disaster()
        try shop.sell("T1")
        try shop.evening(20)
        let backup = try shop.backUp()
        try price(shop, "2.80")
        try shop.sell("T1")
        try shop.sell("T2", 2)
        try shop.evening(21)
        return (shop, backup)
    }

    @Test func anAnswerOfTheOldEpochIsRefusedWhereTheTillHasMovedOn() throws {
        let (shop, backup) = try lostEvening()
        let old = shop.central
        try shop.restore(backup)
        _ = try shop.central.declareRestored()
        try shop.meet()
        try shop.agree()
        let stick = shop.chain.path("stick")
        try FileManager.default.createDirectory(atPath: stick, withIntermediateDirectories: true)
        _ = try old.record(OperationDraft(.update, "product", id: "A", set: set(["price": "99"])))
        _ = try old.writeReturns(to: stick)
        let outcomes = try shop.till("T1").take([stick])
        #expect(outcomes.map(\.outcome) == [.refused] && outcomes.map(\.status) == [65])
        #expect(outcomes[0].reason?.hasPrefix("older-epoch: ") == true)
        try shop.meet()
        try shop.agree()
    }

    /// Nothing is left on the share, so only the tills have what head office lost.
    @Test func tillsSendAgainWhatTheReceiptNoLongerCovers() throws {
        let (shop, backup) = try lostEvening()
        try shop.restore(backup)
        _ = try shop.central.declareRestored()
        try FileManager.default.removeItem(atPath: shop.chain.exchange + "/to")
        _ = try shop.central.writeReturns(to: shop.chain.exchange)
        try shop.take()
        #expect(try shop.till("T1").status().totals.pending == 2)
        #expect(try shop.till("T2").status().totals.pending == 4)
        #expect(try shop.till("T1").get("product", "A")?["stock"]?.json == "98", "its own sale stays in what it shows")
        // Taken again, it changes nothing.
        try shop.take()
        #expect(try shop.till("T2").status().totals.pending == 4)
        try shop.sell("T2")
        let reports = try shop.meet()
        #expect(reports.allSatisfy { $0.status == 0 })
        #expect(reports.map(\.lost) == [1, 0, 0])
        try shop.agree()
        #expect(try shop.stock() == "95")
    }

    /// Head office has worked on with its backup, and nobody said so: its numbers are taken twice.
    @Test func aStoreThatWorkedOnIsNoticed() throws {
        let (shop, backup) = try lostEvening()
        try shop.restore(backup)
        for value in 10..<40 { try price(shop, String(value), "B") }
        let reports = try shop.meet()
        #expect(reports[0].restored != nil)
        try shop.agree()
        #expect(try shop.price("B") == "39")
        #expect(try shop.open("lost").map(\.incoming) == ["2.80"])
    }

    /// What a till has seen in the lost stretch says nothing about the same numbers in the new epoch.
    @Test(arguments: [true, false]) func aBaseOfTheLostStretchHasSeenNothingNew(isFollowing: Bool) throws {
        let (shop, backup) = try lostEvening()
        for value in 10..<20 { try price(shop, String(value), "B") }
        try shop.evening(22)
        _ = try shop.till("T1").record(OperationDraft(.update, "product", id: "A", set: set(["price": "3.30"])))
        try shop.restore(backup)
        _ = try shop.central.declareRestored()
        try price(shop, "4.00")
        if isFollowing {
            _ = try shop.central.writeReturns(to: shop.chain.exchange)
            try shop.take()
        }
        try shop.meet()
        try shop.agree()
        #expect(try shop.price() == "4.00", "the rule is central-wins")
        var met: [ConflictRow] = []
        try shop.central.conflicts(all: true) { if $0.field == "price" && $0.kind == "field" { met.append($0) } }
        #expect(met.map(\.incoming) == ["3.30"] && met.map(\.central) == ["4.00"])
        let history = try shop.central.history("product", "A")
        #expect(history.undecidable.isEmpty && !history.isLifeUndecidable, "merged again, it is the same")
    }

    /// The same backup is restored a second time: it knows nothing of the epoch in between.
    @Test func anEpochThatNobodyKnowsWaitsForAPerson() throws {
        let (shop, backup) = try lostEvening()
        try shop.restore(backup)
        _ = try shop.central.declareRestored()
        try shop.meet()
        try price(shop, "5.00")
        try shop.sell("T3")
        try shop.evening(22)
        try shop.agree()
        try shop.restore(backup)
        _ = try shop.central.declareRestored()
        try FileManager.default.removeItem(atPath: shop.chain.exchange + "/to")
        _ = try shop.till("T1").close(day: "2026-11-23", to: shop.chain.exchange)
        let csn = try shop.central.csn()
        let report = try shop.central.merge([shop.chain.exchange], returnTo: shop.chain.exchange)
        #expect(report.bundles.map(\.outcome) == [.waiting] && report.status == 75)
        #expect(report.bundles[0].reason?.contains("nightdrop init central --restored") == true)
        #expect(report.csn == csn && report.returns.isEmpty)
        #expect(try shop.central.declareRestored().isNew)
        try shop.meet()
        try shop.agree()
        #expect(try shop.open("lost").compactMap(\.incoming).contains("5.00"))
    }

    @Test func aNewJournalFollowsTheOldOne() throws {
        let (shop, backup) = try lostEvening()
        try shop.restore(backup)
        let (one, two) = (shop.central, try Central(at: shop.path))
        try price(shop, "3.00")
        _ = try two.declareRestored()
        // Another process goes on in the new journal.
        let recorded = try one.record(
            OperationDraft(.update, "product", id: "A", set: set(["price": "3.10"]), key: "autumn"))
        #expect(recorded.first == 1)
        #expect(try two.record(OperationDraft(.update, "product", id: "A", set: set(["price": "3.20"]))).first == 2)
        let folders = try FileManager.default.contentsOfDirectory(atPath: shop.path + "/journal").sorted()
        let headers = try folders.compactMap {
            try JournalReader(fileSystem: DiskFileSystem(), directory: "\(shop.path)/journal/\($0)").newestHeader()
        }
        let new = try #require(headers.first { $0.follows != nil })
        #expect(new.follows?.seq == 3 && headers.contains { $0.journal == new.follows?.journal })
        #expect(try one.history("product", "A").entries.map(\.seq).prefix(3) == [2, 1, 3])
        #expect(try Central(at: shop.path).history("product", "A").entries.count == 5)
        try shop.meet()
        try shop.agree()
    }

    @Test func itWaitsForAWatch() throws {
        let (shop, backup) = try lostEvening()
        try shop.restore(backup)
        let lock = try DiskFileSystem().lock(shop.path + "/watch.lock", wait: false)
        let error = #expect(throws: NightdropError.self) { try shop.central.declareRestored() }
        #expect(error?.kind == .tryAgain && error?.message.contains("a watch is running") == true)
        withExtendedLifetime(lock) {}
    }
}
