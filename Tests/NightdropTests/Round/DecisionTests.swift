import Foundation
import Nightdrop
import NightdropModel
import NightdropStore
import Testing

/// Whatever waits for a person can be decided.
@Suite struct DecisionTests {
    private let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          product: {}
          menu: {onConflict: manual}
          sale: {direction: up}
          stock: {fields: {quantity: {type: decimal, merge: counter, min: 0}}}
        """

    private func all(_ chain: Chain) throws -> [ConflictRow] {
        var rows: [ConflictRow] = []
        try chain.central.conflicts(all: true) { rows.append($0) }
        return rows
    }

    /// A product that head office deletes and, later, a till changes, or the other way round.
    private func deleteAgainstUpdate(_ entity: String, _ chain: Chain) throws -> ConflictRow {
        _ = try chain.central.record(OperationDraft(.create, entity, id: "A", set: set(["price": "1"])))
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.update, entity, id: "A", set: set(["price": "2"])))
        _ = try chain.central.record(OperationDraft(.delete, entity, id: "A"))
        try chain.close("T1")
        try chain.merge()
        let rows = try all(chain)
        #expect(rows.map(\.kind) == ["delete-update"])
        return try #require(rows.first)
    }

    @Test func aDeletedRecordIsBroughtBackByDecision() throws {
        let chain = try Chain(policy: policy)
        let conflict = try deleteAgainstUpdate("product", chain)
        #expect(conflict.decided == "false")
        _ = try chain.central.resolve(conflict.number, .incoming)
        #expect(try chain.central.get("product", "A")?["price"]?.json == "2")
        #expect(try chain.central.conflict(conflict.number)?.decided == "true")
        _ = try chain.central.resolve(conflict.number, .central)
        #expect(try chain.central.get("product", "A") == nil)
        #expect(try chain.central.conflict(conflict.number)?.decided == "false")
        #expect(throws: NightdropError.self) { try chain.central.resolve(conflict.number, .value(#"{"price":3}"#)) }
    }

    @Test func aDeletionIsConfirmedByDecision() throws {
        let chain = try Chain(policy: policy)
        let conflict = try deleteAgainstUpdate("menu", chain)
        #expect(conflict.state == "open")
        _ = try chain.central.resolve(conflict.number, .central)
        let decided = try #require(try chain.central.conflict(conflict.number))
        #expect([decided.state, decided.decided] == ["decided", "false"])
    }

    @Test func aRecordThatWasDeletedMeanwhileHasMoved() throws {
        let chain = try Chain(policy: policy)
        let conflict = try deleteAgainstUpdate("product", chain)
        _ = try chain.central.record(OperationDraft(.create, "product", id: "A", set: set(["price": "5"])))
        #expect(throws: NightdropError.self) { try chain.central.resolve(conflict.number, .central) }
        #expect(try chain.central.get("product", "A")?["price"]?.json == "5")
    }

    /// Held operations: a change of what head office does not know.
    private func unknown(_ chain: Chain) throws -> ConflictRow {
        // The till gets its product from a head office that is later another one.
        _ = try chain.central.record(OperationDraft(.create, "product", id: "A", set: set(["price": "1"])))
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2"])))
        try chain.close("T1")
        try chain.sqlite("DELETE FROM _record")
        try chain.merge()
        let rows = try all(chain)
        #expect(rows.map(\.kind) == ["validation"])
        return try #require(rows.first)
    }

    @Test func aHeldOperationIsApplied() throws {
        let chain = try Chain(policy: policy)
        let conflict = try unknown(chain)
        _ = try chain.central.resolve(conflict.number, .incoming)
        #expect(try chain.central.get("product", "A")?["price"]?.json == "2")
        #expect(try all(chain).map(\.state) == ["decided"])
    }

    @Test func aHeldOperationIsDropped() throws {
        let chain = try Chain(policy: policy)
        let conflict = try unknown(chain)
        _ = try chain.central.resolve(conflict.number, .central)
        #expect(try chain.central.get("product", "A") == nil)
        #expect(try all(chain).map(\.state) == ["decided"])
        // It can be revised.
        _ = try chain.central.resolve(conflict.number, .value(#"{"price":9}"#))
        #expect(try chain.central.get("product", "A")?["price"]?.json == "9")
        #expect(try all(chain).map(\.state) == ["decided"])
    }

    /// What a rule has decided needs nobody; what waits counts until somebody has decided it.
    @Test func aTillCountsOnlyWhatIsOpen() throws {
        let chain = try Chain(policy: policy)
        for entity in ["product", "menu"] {
            _ = try chain.central.record(OperationDraft(.create, entity, id: "A", set: set(["price": "1"])))
        }
        let till = try chain.till("T1")
        for entity in ["product", "menu"] {
            _ = try till.record(OperationDraft(.update, entity, id: "A", set: set(["price": "2"])))
            _ = try chain.central.record(OperationDraft(.update, entity, id: "A", set: set(["price": "3"])))
        }
        func goRound() throws {
            try chain.close("T1")
            try chain.merge()
            try chain.takeAll()
        }
        try goRound()
        let rows = try all(chain)
        #expect(rows.map(\.state) == ["decided", "open"])
        #expect(try till.notices().map(\.state) == [.decided, .open])
        #expect(try till.status().tables["product"]?.conflicts == 0)
        #expect(try till.status().tables["menu"]?.conflicts == 1)
        _ = try chain.central.resolve(try #require(rows.last).number, .incoming)
        try goRound()
        #expect(try till.notices().map(\.state) == [.decided, .open, .decided])
        #expect(try till.status().totals.conflicts == 0)
    }

    @Test func anOversellIsSetRight() throws {
        let chain = try Chain(policy: policy)
        _ = try chain.central.record(OperationDraft(.create, "stock", id: "A", set: set(["quantity": "1"])))
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.update, "stock", id: "A", add: set(["quantity": "-3"])))
        try chain.close("T1")
        try chain.merge()
        let conflict = try #require(try all(chain).first)
        #expect([conflict.kind, conflict.state] == ["constraint", "open"])
        _ = try chain.central.resolve(conflict.number, .value("0"))
        #expect(try chain.central.get("stock", "A")?["quantity"]?.json == "0")
        #expect(try all(chain).map(\.state) == ["decided"])
        #expect(try all(chain).first?.decided == "0")
    }
}

extension Chain {
    /// Runs SQL on head office's store.
    func sqlite(_ sql: String) throws {
        let tool = Process()
        tool.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tool.arguments = ["sqlite3", path("HQ/store.sqlite"), sql]
        try tool.run()
        tool.waitUntilExit()
        #expect(tool.terminationStatus == 0)
    }
}
