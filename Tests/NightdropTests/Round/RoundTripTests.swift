import Foundation
import Nightdrop
import NightdropModel
import Testing

/// The whole round: tills record and close, head office merges and answers, tills take the answer.
@Suite struct RoundTripTests {
    @Test func aDayOfTwoTills() throws {
        let chain = try Chain()
        _ = try chain.central.record(
            OperationDraft(.create, "product", id: "A", set: set(["name": "\"Mug\"", "price": "2.50"])))
        let one = try chain.till("T1")
        let two = try chain.till("T2", store: "S2")
        #expect(try one.get("product", "A")?["price"]?.json == "2.50")

        _ = try one.record(OperationDraft(.create, "sale", id: "T1-1", set: set(["total": "5.00", "lines": "[1,2]"])))
        _ = try one.record([
            OperationDraft(.create, "sale", id: "T1-2", set: set(["total": "2.50"])),
            OperationDraft(.create, "customer", id: "C1", set: set(["name": "\"Ann\""])),
        ])
        _ = try two.record(OperationDraft(.update, "product", id: "A", set: set(["name": "\"Big mug\""])))
        try chain.close("T1")
        try chain.close("T2")
        let report = try chain.merge()
        #expect(report.bundles.map(\.outcome) == [.merged, .merged])
        #expect(report.bundles.map(\.new) == [3, 1])
        #expect(report.returns.count == 2)
        try chain.takeAll()

        for till in [one, two] {
            #expect(try till.get("product", "A")?["name"]?.json == "\"Big mug\"")
            #expect(try till.get("customer", "C1")?["name"]?.json == "\"Ann\"")
        }
        // Facts travel up only.
        #expect(try two.get("sale", "T1-1") == nil)
        #expect(try one.get("sale", "T1-1")?["total"]?.json == "5.00")
        #expect(try chain.central.get("sale", "T1-2")?["total"]?.json == "2.50")
        #expect(try one.status().totals.pending == 0)

        let days = try chain.central.days(through: "2026-11-20")
        #expect(days.map(\.agrees) == [true, true])
        #expect(days.first?.totals.entries["sale"]?.sum == ExactDecimal("7.50"))

        // Merging and taking everything again changes nothing.
        let before = try Chain.show { try chain.central.records("product", $0) }
        let again = try chain.merge()
        #expect(again.bundles.map(\.outcome) == [.known, .known])
        #expect(again.csn == report.csn)
        try chain.takeAll()
        #expect(try Chain.show { try chain.central.records("product", $0) } == before)
    }

    @Test func aLostBundleIsRepairedByTheNext() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.create, "sale", id: "T1-1", set: set(["total": "1"])))
        let lost = try till.close(day: "2026-11-19", to: chain.exchange)
        try FileManager.default.removeItem(atPath: try #require(lost.bundle))
        _ = try till.record(OperationDraft(.create, "sale", id: "T1-2", set: set(["total": "2"])))
        try chain.close("T1")
        #expect(try chain.merge().bundles.map(\.new) == [2])
        #expect(try chain.central.days(through: nil).map(\.agrees) == [true, true])
    }

    @Test func aConflictIsDecidedShownRevisedAndTravelsBack() throws {
        let chain = try Chain(
            policy: """
                version: 1
                organisation: Corner Shops
                entities:
                  product: {fields: {price: {type: decimal, merge: manual}}}
                """)
        _ = try chain.central.record(OperationDraft(.create, "product", id: "A", set: set(["price": "2.50"])))
        let till = try chain.till("T1")
        _ = try chain.central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "3.00"])))
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2.75"])))
        try chain.close("T1")
        try chain.merge()
        var open: [Int64] = []
        try chain.central.conflicts { open.append($0.number) }
        let number = try #require(open.first)
        let shown = try #require(try chain.central.conflict(number))
        #expect([shown.base, shown.central, shown.incoming] == ["2.50", "3.00", "2.75"])
        try chain.takeAll()
        #expect(try till.get("product", "A")?["price"]?.json == "3.00")
        #expect(try till.notices().count == 1)

        _ = try chain.central.resolve(shown.number, .incoming, by: "Mia")
        _ = try chain.central.writeReturns(to: chain.exchange)
        try chain.takeAll()
        #expect(try till.get("product", "A")?["price"]?.json == "2.75")
        _ = try chain.central.resolve(shown.number, .value("2.80"), by: "Mia")
        let decided = try #require(try chain.central.conflict(shown.number))
        #expect([decided.state, decided.decided, decided.decidedBy] == ["decided", "2.80", "Mia"])
        let history = try chain.central.history("product", "A").entries
        #expect(history.map(\.node) == ["HQ", "HQ", "T1", "HQ", "HQ"])
        #expect(history.first?.set == set(["price": "2.80"]))
    }

    @Test func pendingOperationsStayOnTopOfWhatComes() throws {
        let chain = try Chain()
        _ = try chain.central.record(
            OperationDraft(.create, "inventory", id: "A", set: set(["quantity": "10"])))
        let one = try chain.till("T1")
        let two = try chain.till("T2")
        _ = try one.record(OperationDraft(.update, "inventory", id: "A", add: set(["quantity": "-3"])))
        _ = try two.record(OperationDraft(.update, "inventory", id: "A", add: set(["quantity": "-2"])))
        try chain.close("T1")
        try chain.close("T2")
        try chain.merge()
        _ = try one.record(OperationDraft(.update, "inventory", id: "A", add: set(["quantity": "-1"])))
        try chain.takeAll()
        #expect(try one.get("inventory", "A")?["quantity"]?.json == "4")
        #expect(try two.get("inventory", "A")?["quantity"]?.json == "5")
        #expect(try chain.central.get("inventory", "A")?["quantity"]?.json == "5")
    }

    @Test func shuffledDoubledAndOverlappingBundlesGiveTheSame() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let kept = chain.path("kept")
        try FileManager.default.createDirectory(atPath: kept, withIntermediateDirectories: true)
        var bundles: [String] = []
        for day in 1...5 {
            _ = try till.record(
                OperationDraft(.create, "sale", id: "T1-\(day)", set: set(["total": "\(day)"])))
            let written = try #require(try till.close(day: "2026-11-0\(day)", to: chain.exchange).bundle)
            let copy = kept + "/" + URL(fileURLWithPath: written).lastPathComponent
            try FileManager.default.copyItem(atPath: written, toPath: copy)
            bundles.append(copy)
        }
        for bundle in (bundles + bundles).shuffled() { _ = try chain.central.merge([bundle]) }
        #expect(try Chain.show { try chain.central.records("sale", $0) }.count == 5)
        #expect(try chain.central.days(through: nil).filter { $0.agrees == true }.count == 5)
    }

    @Test func aReturnBeforeTheGrantWasTakenDoesNotShutTheTillOut() throws {
        let chain = try Chain()
        let (till, request) = try Terminal.create(
            at: chain.path("T1"), id: try #require(NodeID("T1")), store: try #require(NodeID("S1")))
        _ = try chain.central.enroll(request, to: chain.exchange)
        for id in ["A", "B"] {
            _ = try chain.central.record(OperationDraft(.create, "product", id: id, set: set(["price": "2.50"])))
            _ = try chain.central.writeReturns(to: chain.exchange)
        }
        _ = try till.take([chain.exchange])
        #expect(try till.get("product", "B")?["price"]?.json == "2.50")
        // Once more, before it was ever heard of.
        _ = try chain.central.record(OperationDraft(.update, "product", id: "B", set: set(["price": "3"])))
        _ = try chain.central.writeReturns(to: chain.exchange)
        _ = try till.take([chain.exchange])
        #expect(try till.get("product", "B")?["price"]?.json == "3")
    }
}
