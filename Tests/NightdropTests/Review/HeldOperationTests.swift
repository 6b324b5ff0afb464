import Foundation
import Nightdrop
import NightdropModel
import NightdropStore
import Testing

/// What head office could not apply is applied later, corrected, or dropped, and the till learns what became of it.
@Suite struct HeldOperationTests {
    private static func policy(version: Int, product: String) -> String {
        """
        version: \(version)
        organisation: Corner Shops
        entities:
          product: \(product)
          sale: {direction: up}
        """
    }

    /// A till whose change of a product came to a head office that alone writes products by then.
    private final class Desk {
        let chain: Chain
        let central: Central
        let conflict: ConflictRow

        init(product: String, isUnknown: Bool = false, price: String = "2") throws {
            chain = try Chain(policy: HeldOperationTests.policy(version: 1, product: "{}"))
            _ = try chain.central.record(
                OperationDraft(.create, "product", id: "A", set: set(["name": #""Tea""#, "price": "1"])))
            let till = try chain.till("T1")
            _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": price]), by: "Mia"))
            try chain.close("T1")
            let file = chain.path("next.yaml")
            try HeldOperationTests.policy(version: 2, product: product)
                .write(toFile: file, atomically: true, encoding: .utf8)
            central = try chain.central.use(policy: file)
            if isUnknown { try chain.sqlite("DELETE FROM _record") }
            _ = try central.merge([chain.exchange], returnTo: chain.exchange)
            var rows: [ConflictRow] = []
            try central.conflicts { rows.append($0) }
            try #require(rows.count == 1)
            conflict = rows[0]
            try #require(conflict.field == nil)
        }

        func price() throws -> String? { try central.get("product", "A")?["price"]?.json }

        func state() throws -> String? { try central.conflict(conflict.number)?.state }

        /// What the till is told with the next return, latest last.
        func notices() throws -> [String] {
            _ = try central.writeReturns(to: chain.exchange)
            try chain.takeAll()
            return try #require(chain.tills["T1"]).notices().map(\.text)
        }
    }

    @Test func whatATillMayNotWriteIsAppliedByHeadOffice() throws {
        let desk = try Desk(product: "{writers: central}")
        #expect(desk.conflict.kind == "permission")
        #expect(try desk.price() == "1")
        _ = try desk.central.apply(desk.conflict.number, by: "Anna")
        #expect(try desk.price() == "2")
        #expect(try desk.central.get("product", "A")?["name"]?.json == #""Tea""#)
        #expect(try desk.state() == "decided")
        #expect(try desk.central.conflict(desk.conflict.number)?.decidedBy == "Anna")
        #expect(
            try desk.notices().last
                == "product A: the change from here that had not been applied is applied now, decided by Anna at head office."
        )
        #expect(try desk.chain.tills["T1"]?.get("product", "A")?["price"]?.json == "2")
        #expect(try desk.chain.tills["T1"]?.status().totals.failed == 0)
    }

    @Test func itIsAppliedOnce() throws {
        let desk = try Desk(product: "{writers: central}")
        _ = try desk.central.apply(desk.conflict.number)
        for decision in [Central.Decision.incoming, .apply(set: nil, id: "B"), .central] {
            let error = #expect(throws: NightdropError.self) {
                try desk.central.resolve(desk.conflict.number, decision)
            }
            #expect(error?.kind == .refused)
        }
        _ = try desk.central.resolve(desk.conflict.number, .value(#"{"price":7}"#))
        #expect(try desk.price() == "7")
    }

    @Test func itIsDropped() throws {
        let desk = try Desk(product: "{writers: central}")
        _ = try desk.central.resolve(desk.conflict.number, .central, by: "Anna")
        #expect(try desk.price() == "1")
        #expect(try desk.state() == "decided")
        #expect(try desk.notices().last?.contains("is dropped, decided by Anna") == true)
        #expect(try desk.chain.tills["T1"]?.status().totals.failed == 0)
        // That can be revised.
        _ = try desk.central.apply(desk.conflict.number)
        #expect(try desk.price() == "2")
    }

    @Test func itIsCorrected() throws {
        let desk = try Desk(product: "{writers: central, fields: {price: {type: decimal, max: 5}}}", price: "50")
        let error = #expect(throws: NightdropError.self) { try desk.central.apply(desk.conflict.number) }
        #expect(error?.kind == .refused)
        #expect(error?.message.contains("--set") == true)
        #expect(try desk.state() == "open")
        _ = try desk.central.apply(desk.conflict.number, set: #"{"price":5}"#)
        #expect(try desk.price() == "5")
        #expect(try desk.notices().last?.contains(#"with other values, {"price":5}"#) == true)
    }

    @Test func aChangeOfAnUnknownRecordMakesIt() throws {
        let desk = try Desk(product: "{fields: {name: {type: text, required: true}}}", isUnknown: true)
        #expect(desk.conflict.kind == "validation")
        let error = #expect(throws: NightdropError.self) { try desk.central.apply(desk.conflict.number) }
        #expect(error?.message.contains("must have a value") == true)
        _ = try desk.central.apply(desk.conflict.number, set: #"{"name":"Green tea"}"#)
        #expect(try desk.price() == "2")
        #expect(try desk.central.get("product", "A")?["name"]?.json == #""Green tea""#)
        #expect(try desk.state() == "decided")
    }

    @Test func itIsAppliedToAnotherRecord() throws {
        let desk = try Desk(product: "{writers: central}")
        _ = try desk.central.apply(desk.conflict.number, id: "B")
        #expect(try desk.price() == "1")
        #expect(try desk.central.get("product", "B")?["price"]?.json == "2")
        #expect(try desk.state() == "decided")
        let decisions = try desk.central.decisions(try #require(try desk.central.conflict(desk.conflict.number)))
        #expect(decisions.map(\.id) == ["B"])
    }

    @Test func aValueThatWasNotAppliedIsDropped() throws {
        let chain = try Chain(policy: HeldOperationTests.policy(version: 1, product: "{}"))
        _ = try chain.central.record(OperationDraft(.create, "product", id: "A", set: set(["stock": "1"])))
        _ = try chain.till("T1").record(OperationDraft(.update, "product", id: "A", set: set(["stock": #""many""#])))
        try chain.close("T1")
        let file = chain.path("next.yaml")
        try HeldOperationTests.policy(version: 2, product: "{fields: {stock: {type: decimal, merge: counter}}}")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let central = try chain.central.use(policy: file)
        _ = try central.merge([chain.exchange])
        #expect(try central.conflict(1)?.kind == "validation")
        #expect(throws: NightdropError.self) { try central.resolve(1, .incoming) }
        _ = try central.resolve(1, .central)
        #expect(try central.conflict(1)?.state == "decided")
        #expect(try central.get("product", "A")?["stock"]?.json == "1")
    }

    @Test func aConflictOfTwoValuesHoldsNothingBack() throws {
        let chain = try Chain()
        _ = try chain.central.record(OperationDraft(.create, "customer", id: "A", set: set(["name": #""x""#])))
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.update, "customer", id: "A", set: set(["name": #""y""#])))
        _ = try chain.central.record(OperationDraft(.update, "customer", id: "A", set: set(["name": #""z""#])))
        try chain.close("T1")
        try chain.merge()
        #expect(throws: NightdropError.self) { try chain.central.apply(1) }
    }
}
