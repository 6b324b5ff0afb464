import Foundation
import Nightdrop
import NightdropModel
import NightdropStore
import Testing

/// An undo takes back what a bundle brought, and nothing else.
@Suite struct UndoTests {
    private let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          product: {fields: {price: {type: decimal}, best: {type: integer, merge: max}}}
          stock: {fields: {quantity: {type: decimal, merge: counter}}}
          sale: {direction: up, controlTotal: total}
          table: {scope: store}
        """

    private func show(_ chain: Chain) throws -> [String] {
        try ["product", "stock", "sale", "table"].flatMap { entity in
            try Chain.show { try chain.central.records(entity, $0) }.map { "\(entity) \($0)" }
        }
    }

    /// The same after an undo: a field that the bundle brought is there and says nothing, and a sum keeps its decimals.
    private func undone(_ chain: Chain) throws -> [String] {
        try show(chain).map { $0.replacing(#""new":null,"#, with: "").replacing(":10.0}", with: ":10}") }
    }

    /// A chain with two tills, both with products A and B, stock A of 10, and table 4 of S1.
    private func chain() throws -> Chain {
        let chain = try Chain(policy: policy)
        for id in ["A", "B"] {
            _ = try chain.central.record(
                OperationDraft(.create, "product", id: id, set: set(["price": "1", "best": "5"])))
        }
        _ = try chain.central.record(OperationDraft(.create, "stock", id: "A", set: set(["quantity": "10"])))
        _ = try chain.central.record(OperationDraft(.create, "table", id: "4", set: set(["seats": "2"]), store: "S1"))
        for id in ["T1", "T2"] { try chain.till(id) }
        return chain
    }

    /// What T1 does in a day: makes, changes, deletes and counts.
    private func day(_ chain: Chain) throws -> String {
        let till = try #require(chain.tills["T1"])
        _ = try till.record([
            OperationDraft(.create, "sale", id: "T1-1", set: set(["total": "2"])),
            OperationDraft(.update, "stock", id: "A", add: set(["quantity": "-2"])),
        ])
        _ = try till.record(OperationDraft(.update, "stock", id: "A", add: set(["quantity": "-1.5"])))
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": "9", "new": "true"])))
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": "8"])))
        _ = try till.record(OperationDraft(.delete, "product", id: "B"))
        _ = try till.record(OperationDraft(.create, "product", id: "C", set: set(["price": "3"])))
        _ = try till.record(OperationDraft(.create, "stock", id: "C", set: set(["quantity": "4"])))
        _ = try till.record(OperationDraft(.update, "table", id: "4", set: set(["seats": "6"])))
        try chain.close("T1")
        let report = try chain.merge()
        return try #require(report.bundles.first { $0.outcome == .merged }?.file)
    }

    @Test func everythingOfABundleIsTakenBackAndPutBack() throws {
        let chain = try chain()
        let before = try show(chain)
        let bundle = try day(chain)
        let after = try show(chain)

        let dry = try chain.central.undo(bundle, by: "Clara", dryRun: true)
        #expect(try show(chain) == after && dry.name == nil)
        let report = try chain.central.undo(bundle, by: "Clara")
        #expect(report.name == "undo-000001" && report.operations == dry.operations && report.keptCount == 0)
        #expect([report.deleted, report.revived, report.fields, report.counters] == [3, 1, 3, 2])
        #expect(try undone(chain) == before)
        #expect(report.facts.map { "\($0.key) \($0.value.id) \($0.value.count)" } == ["T1 T1-1 1"])
        #expect(try chain.central.verifyStore().problems.map(\.text) == [])

        let again = try chain.central.undo(bundle, by: "Clara")
        #expect(again.alreadyUndoneBy == "undo-000001" && again.operations == 0)
        try chain.merge()
        #expect(try undone(chain) == before, "merged again")

        #expect(try chain.central.undo("undo-000001", by: "Dora").name == "undo-000002")
        #expect(try show(chain) == after)
        #expect(try chain.central.undo("undo-000001", by: "Dora").alreadyUndoneBy == "undo-000002")
        // The bundle's name means the last time that it was put back.
        #expect(try chain.central.undo(bundle, by: "Dora").undid == "undo-000002")
        #expect(try undone(chain) == before)
        #expect(try chain.central.verifyStore().problems.map(\.text) == [])

        try chain.takeAll()
        _ = try chain.central.writeReturns(to: chain.exchange)
        try chain.takeAll()
        let till = try #require(chain.tills["T2"])
        #expect(try till.get("product", "A")?["price"]?.json == "1")
        #expect(try till.get("product", "B") != nil && till.get("product", "C") == nil)
        let own = try #require(chain.tills["T1"])
        #expect(try own.get("sale", "T1-1") != nil, "a till keeps its own facts")
        #expect(try own.notices().contains { $0.text.contains("undo-000001") })
        let author = try chain.central.history("product", "A").entries.first
        #expect(author?.by == "Dora" && author?.node == "HQ")
    }

    @Test func whatOthersHaveChangedSinceStays() throws {
        let chain = try chain()
        let bundle = try day(chain)
        _ = try chain.central.writeReturns(to: chain.exchange)
        try chain.takeAll()
        let other = try #require(chain.tills["T2"])
        _ = try other.record(OperationDraft(.update, "product", id: "A", set: set(["price": "7"]), by: "Bob"))
        _ = try other.record(OperationDraft(.update, "stock", id: "A", add: set(["quantity": "-1"])))
        _ = try other.record(OperationDraft(.update, "stock", id: "C", add: set(["quantity": "-1"])))
        _ = try chain.central.record(OperationDraft(.delete, "product", id: "C"))
        _ = try chain.central.record(OperationDraft(.create, "product", id: "B", set: set(["price": "11"])))
        try chain.close("T2")
        try chain.merge()

        let report = try chain.central.undo(bundle, by: "Clara")
        #expect(
            report.kept.map { "\($0.entity) \($0.id) \($0.field ?? "-"): \($0.reason)" }.sorted() == [
                "product A price: changed since by T2 (Bob)", "product C -: deleted since by HQ",
                "stock C -: changed since by T2",
            ])
        #expect(try chain.central.get("product", "A")?["price"]?.json == "7")
        #expect(try chain.central.get("product", "A")?["new"]?.json == "null")
        #expect(try chain.central.get("product", "B")?["price"]?.json == "11")
        #expect(try chain.central.get("product", "C") == nil)
        #expect(try chain.central.get("stock", "A")?["quantity"]?.decimal == ExactDecimal("9"))
        #expect(try chain.central.get("stock", "C")?["quantity"]?.decimal == ExactDecimal("-1"))
        #expect(try chain.central.verifyStore().problems.map(\.text) == [])
    }

    @Test func countersOfADeletedRecordAreTakenBackWithoutReviving() throws {
        let chain = try chain()
        let till = try #require(chain.tills["T1"])
        _ = try till.record(OperationDraft(.update, "stock", id: "A", add: set(["quantity": "-2"])))
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["best": "9"])))
        try chain.close("T1")
        let bundle = try #require(try chain.merge().bundles.first { $0.outcome == .merged }?.file)
        _ = try chain.central.record(OperationDraft(.delete, "stock", id: "A"))
        let report = try chain.central.undo(bundle, by: "Clara")
        #expect(report.kept.map(\.field) == ["best"] && report.counters == 1)
        #expect(try chain.central.get("product", "A")?["best"]?.json == "9", "a maximum does not go back")
        #expect(try chain.central.get("stock", "A") == nil)
        #expect(
            try chain.central.record("stock", "A", at: .max)?.fields.map(\.value.decimal) == [ExactDecimal("10")])
    }

    /// A bundle of T1 that changes and deletes stock A, and a head office that has removed the tombstone since.
    private func buried() throws -> (Chain, String) {
        let chain = try chain()
        let till = try #require(chain.tills["T1"])
        _ = try till.record(
            OperationDraft(.update, "stock", id: "A", set: set(["shelf": "4"]), add: set(["quantity": "-2"])))
        _ = try till.record(OperationDraft(.delete, "stock", id: "A"))
        try chain.close("T1")
        let bundle = try #require(try chain.merge().bundles.first { $0.outcome == .merged }?.file)
        _ = try chain.central.writeReturns(to: chain.exchange)
        try chain.takeAll()
        for id in ["T1", "T2"] { _ = try chain.tills[id]?.export(to: chain.exchange) }
        try chain.merge()
        try #require(try chain.central.tidy() == 1)
        return (chain, bundle)
    }

    @Test func aDeleteIsTakenBackAlsoAfterItsTombstoneIsGone() throws {
        let (chain, bundle) = try buried()
        let dry = try chain.central.undo(bundle, by: "Clara", dryRun: true)
        let report = try chain.central.undo(bundle, by: "Clara")
        #expect(report.revived == 1 && report.keptCount == 0 && report.operations == dry.operations)
        let stock = try #require(try chain.central.get("stock", "A"))
        #expect(stock["quantity"]?.decimal == ExactDecimal("10") && stock["shelf"]?.json == "null")
        #expect(try chain.central.verifyStore().problems.map(\.text) == [])
        _ = try chain.central.undo("undo-000001", by: "Dora")
        #expect(try chain.central.get("stock", "A") == nil)
        _ = try chain.central.undo(bundle, by: "Clara")
        #expect(try chain.central.get("stock", "A")?["quantity"]?.decimal == ExactDecimal("10"))
        #expect(try chain.central.verifyStore().problems.map(\.text) == [])
    }

    @Test func whatWasMadeAnewSinceItsTombstoneIsGoneStays() throws {
        let (chain, bundle) = try buried()
        _ = try chain.central.record(OperationDraft(.create, "stock", id: "A", set: set(["quantity": "3"])))
        let report = try chain.central.undo(bundle, by: "Clara")
        #expect(report.kept.map(\.reason) == ["made anew since"] && report.operations == 0)
        #expect(try chain.central.get("stock", "A")?["quantity"]?.decimal == ExactDecimal("3"))
    }

    @Test func anInterruptedUndoGoesOn() throws {
        let chain = try chain()
        let before = try show(chain)
        let bundle = URL(fileURLWithPath: try day(chain)).lastPathComponent
        // As a process leaves it that ended right after it began.
        let sqlite = Process()
        sqlite.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        sqlite.arguments = [
            chain.path("HQ/store.sqlite"),
            "INSERT INTO _undo (bundle, \"by\", at, state) VALUES ('\(bundle)', 'Clara', 1, 'running')",
        ]
        try sqlite.run()
        sqlite.waitUntilExit()
        #expect(sqlite.terminationStatus == 0)
        _ = try Central(at: chain.path("HQ"))
        #expect(try undone(chain) == before)
        #expect(try chain.central.undo(bundle, by: "Dora").alreadyUndoneBy == "undo-000001")
        // And once more, although all its operations are recorded: nothing happens twice.
        let reset = Process()
        reset.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        reset.arguments = [chain.path("HQ/store.sqlite"), "UPDATE _undo SET state = 'running'"]
        try reset.run()
        reset.waitUntilExit()
        _ = try Central(at: chain.path("HQ"))
        #expect(try undone(chain) == before)
        #expect(try chain.central.undo(bundle, by: "Dora").alreadyUndoneBy == "undo-000001")
    }

    @Test func bundlesThatBoreOneFileNameAreNotTakenForOne() throws {
        let chain = try chain()
        let till = try #require(chain.tills["T1"])
        for (number, price) in ["8", "9"].enumerated() {
            _ = try till.record(
                OperationDraft(.update, "product", id: number == 0 ? "A" : "B", set: set(["price": price])))
            let bundle = try #require(try till.close(day: "2026-11-2\(number)", to: chain.exchange).bundle)
            try FileManager.default.createDirectory(
                atPath: chain.path("day\(number)"), withIntermediateDirectories: true)
            let file = chain.path("day\(number)/today.nightdrop.tar")
            try FileManager.default.copyItem(atPath: bundle, toPath: file)
            _ = try chain.central.merge([file])
        }
        #expect(try chain.central.undo(chain.path("day1/today.nightdrop.tar"), by: "Clara").fields == 1)
        #expect(try chain.central.get("product", "A")?["price"]?.json == "8")
        #expect(try chain.central.get("product", "B")?["price"]?.json == "1")
        #expect(throws: NightdropError.self) { try chain.central.undo("today.nightdrop.tar", by: "Clara") }
    }

    @Test func whatIsNotThereCannotBeUndone() throws {
        let chain = try chain()
        #expect(throws: NightdropError.self) { try chain.central.undo("T9-x.nightdrop.tar", by: "Clara") }
        #expect(throws: NightdropError.self) { try chain.central.undo("undo-000007", by: "Clara") }
    }

    @Test func manyOperationsAreUndoneInSeveralTransactions() throws {
        let chain = try chain()
        let till = try #require(chain.tills["T1"])
        for batch in 0..<6 {
            _ = try till.record(
                (0..<1000).map {
                    OperationDraft(.create, "product", id: "P\(batch)-\($0)", set: set(["price": "1"]))
                })
        }
        try chain.close("T1")
        let bundle = try #require(try chain.merge().bundles.first { $0.outcome == .merged }?.file)
        let report = try chain.central.undo(bundle, by: "Clara")
        #expect(report.operations == 6_000 && report.deleted == 6_000)
        #expect(try Chain.show { try chain.central.records("product", $0) }.count == 2)
        #expect(try chain.central.undo("undo-000001", by: "Clara").revived == 6_000)
        #expect(try Chain.show { try chain.central.records("product", $0) }.count == 6_002)
    }
}
