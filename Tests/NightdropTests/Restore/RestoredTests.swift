import Foundation
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore
import Testing

/// Head office is restored from a backup, and the chain goes on as if nothing had been.
@Suite struct RestoredTests {
    /// Two days of work, a backup, and two more days that the backup knows nothing of.
    private func disaster() throws -> (Disaster, backup: String) {
        let shop = try Disaster()
        try shop.sell("T1", 2)
        try shop.sell("T3")
        try shop.evening(20)
        let backup = try shop.backUp()
        try work(shop)
        return (shop, backup)
    }

    private func work(_ shop: Disaster) throws {
        try shop.sell("T1", 3)
        _ = try shop.till("T2").record(OperationDraft(.create, "customer", id: "C1", set: set(["name": "\"Ann\""])))
        // A conflict for a person.
        _ = try shop.till("T2").record(OperationDraft(.update, "product", id: "B", set: set(["note": "\"new\""])))
        _ = try shop.till("T3").record(OperationDraft(.update, "product", id: "B", set: set(["note": "\"other\""])))
        // Twice, and somebody who sells at the new price.
        _ = try shop.central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2.80"]), by: "Eve"))
        try shop.evening(21)
        _ = try shop.central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2.95"]), by: "Eve"))
        _ = try shop.central.record(
            OperationDraft(.create, "product", id: "N", set: set(["price": "7"]), add: set(["stock": "5"])))
        _ = try shop.central.record(OperationDraft(.create, "product", id: "M", set: set(["price": "8"])))
        _ = try shop.central.record(OperationDraft(.update, "product", id: "M", set: set(["price": "9"])))
        try shop.sell("T2")
        try shop.sell("T3", 2)
        try shop.evening(22)
        let conflict = try #require(try shop.open().first)
        _ = try shop.central.resolve(conflict.number, .incoming, by: "Eve")
        _ = try shop.central.record(OperationDraft(.update, "product", id: "A", add: set(["stock": "40"]), by: "Eve"))
        try shop.sell("T1")
        try shop.evening(23)
        try shop.agree()
    }

    @Test func declared() throws {
        let (shop, backup) = try disaster()
        let lost = try shop.central.csn()
        try shop.restore(backup)
        #expect(try shop.central.csn() < lost)
        let restored = try shop.central.declareRestored()
        #expect(restored.isNew)
        #expect(try shop.central.csn() == restored.csn)
        let again = try shop.central.declareRestored()
        #expect(!again.isNew && again.epoch == restored.epoch)
        let reports = try shop.meet()
        #expect(reports.allSatisfy { $0.restored == nil })
        #expect(reports.last?.status == 0)
        try shop.agree()
        try checkLost(shop)
    }

    /// Nobody said so: the first till that comes by shows it.
    @Test func noticed() throws {
        let (shop, backup) = try disaster()
        try shop.restore(backup)
        let reports = try shop.meet()
        let restored = try #require(reports[0].restored)
        #expect(restored.cause == .noticed(terminal: try #require(NodeID("T1")), csn: restored.lostCSN))
        #expect(reports[1...].allSatisfy { $0.restored == nil })
        try shop.agree()
        try checkLost(shop)
    }

    /// What head office had changed itself since the backup is listed once, whoever brings it, and may be taken or dropped.
    private func checkLost(_ shop: Disaster) throws {
        let lost = try shop.open("lost")
        #expect(lost.map { "\($0.id) \($0.field ?? "-")" }.sorted() == ["A -", "A price", "B note", "M -", "N -"])
        let price = try #require(lost.first { $0.field == "price" })
        #expect(price.central == "2.50" && price.incoming == "2.95" && price.by == "Eve" && price.node == "HQ")
        #expect(try shop.price() == "2.50")
        // Nothing of it comes again, and nothing is listed twice.
        let csn = try shop.central.csn()
        #expect(try shop.meet().allSatisfy { $0.lost == 0 })
        #expect(try shop.central.csn() == csn)
        #expect(try shop.open("lost").count == lost.count)

        for conflict in lost where conflict.field != "note" {
            _ = try shop.central.resolve(conflict.number, .incoming, by: "Bob")
        }
        _ = try shop.central.resolve(try #require(lost.first { $0.field == "note" }).number, .central, by: "Bob")
        #expect(try shop.open("lost").isEmpty)
        // The till's own conflict is back, too.
        #expect(try shop.open().map { "\($0.id) \($0.field ?? "-") \($0.incoming ?? "-")" } == [#"B note "other""#])
        #expect(try shop.price() == "2.95")
        #expect(try shop.stock() == String(100 + 40 - shop.sales.count))
        #expect(try shop.central.get("product", "N")?["stock"]?.json == "5")
        #expect(try shop.price("M") == "9")
        try shop.sell("T2")
        try shop.evening(25)
        try shop.meet()
        try shop.agree()
        #expect(try shop.till("T3").get("product", "A")?["price"]?.json == "2.95")
    }
}

extension Restored {
    /// The change that gave it away.
    var lostCSN: Int64 { if case .noticed(_, let csn) = cause { csn } else { 0 } }
}
