import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore
import Testing

/// Decisions where something is not as it usually is: the record is gone, the value stands already, a rule is broken.
@Suite struct DecisionEdgeTests {
    private static func policy(_ version: Int, _ entities: String) -> String {
        "version: \(version)\norganisation: Corner Shops\nentities:\n  product: {}\n  sale: {direction: up}\n\(entities)"
    }

    /// What head office makes of operations of a till that knows an older policy.
    private func chain(
        _ entities: String, start: [OperationDraft] = [], _ drafts: [OperationDraft]
    ) throws -> Chain {
        let chain = try Chain(policy: Self.policy(1, ""))
        if !start.isEmpty { _ = try chain.central.record(start) }
        let till = try chain.till("T1")
        for draft in drafts { _ = try till.record(draft) }
        try chain.close("T1")
        let text = Self.policy(2, entities).replacing("  product: {}\n  sale: {direction: up}\n", with: "")
        try text.write(toFile: chain.path("next.yaml"), atomically: true, encoding: .utf8)
        _ = try chain.central.use(policy: chain.path("next.yaml"))
        _ = try Central(at: chain.path("HQ")).merge([chain.exchange], returnTo: chain.exchange)
        return chain
    }

    private func central(_ chain: Chain) throws -> Central { try Central(at: chain.path("HQ")) }

    private func told(_ chain: Chain, _ central: Central) throws -> [String] {
        _ = try central.writeReturns(to: chain.exchange)
        try chain.takeAll()
        return try #require(chain.tills["T1"]).notices().map(\.text)
    }

    private func refusal(_ body: () throws -> Void) throws -> NightdropError {
        try #require(#expect(throws: NightdropError.self) { try body() })
    }

    @Test func aRecordThatIsGoneIsNotDecidedAnew() throws {
        let chain = try Chain(policy: Self.policy(1, ""))
        for id in ["A", "B"] {
            _ = try chain.central.record(OperationDraft(.create, "product", id: id, set: set(["price": "1"])))
        }
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2"])))
        _ = try chain.central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "3"])))
        try chain.close("T1")
        try chain.merge()
        _ = try chain.central.record(OperationDraft(.delete, "product", id: "A"))
        let later = Int64(Date.now.timeIntervalSince1970 * 1000) + 91 * 24 * 60 * 60 * 1000
        #expect(try chain.central.tidy(now: later) == 1)
        for decision in [Central.Decision.central, .incoming, .value("4"), .apply(set: nil, id: nil)] {
            let error = try refusal { _ = try chain.central.resolve(1, decision) }
            #expect(error.kind == .refused && error.message.contains("keeps nothing more of it"))
        }
        #expect(try chain.central.conflict(1)?.revision == 0)
    }

    @Test func whatWasBookedIsLeftAsItIs() throws {
        let chain = try chain(
            "  sale: {direction: up, fields: {total: {type: decimal, min: 0}}}\n",
            [OperationDraft(.create, "sale", id: "S", set: set(["total": "-5"]))])
        let central = try central(chain)
        #expect(try central.conflict(1)?.state == "open")
        let refused = try refusal { _ = try central.resolve(1, .central) }
        #expect(refused.kind == .refused && refused.message.contains("--set"))
        #expect(try central.conflict(1)?.revision == 0)
        _ = try central.resolve(1, .incoming, by: "Anna")
        let conflict = try #require(try central.conflict(1))
        #expect(conflict.state == "decided" && conflict.decided == "-5" && conflict.decidedBy == "Anna")
        #expect(try central.get("sale", "S")?["total"]?.json == "-5")
        #expect(
            try told(chain, central).last == "sale S: total stays as it was booked, decided by Anna at head office.")
    }

    @Test func aValueThatCameSinceIsNotReplacedUnseen() throws {
        let chain = try chain(
            "  product: {fields: {price: {type: decimal, min: 0}}}\n",
            [OperationDraft(.create, "product", id: "A", set: set(["name": "1", "price": "-1"]))])
        let central = try central(chain)
        _ = try central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "42"])))
        // Head office's own change had seen the conflict, and closed it; a decision must have seen that.
        #expect(try central.conflict(1)?.state == "decided")
        _ = try central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "43"])))
        #expect(try refusal { _ = try central.resolve(1, .value("3")) }.kind == .tryAgain)
        #expect(try central.get("product", "A")?["price"]?.json == "43")
        _ = try central.resolve(1, .value("3"))
        #expect(try central.get("product", "A")?["price"]?.json == "3")
    }

    @Test func aFieldThatWasLeftOutIsAppliedCorrected() throws {
        let chain = try chain(
            "  product: {fields: {price: {type: decimal, min: 0}, tax: {type: decimal, writers: central}}}\n",
            [OperationDraft(.create, "product", id: "A", set: set(["name": "1", "price": "-1", "tax": "7"]))])
        let central = try central(chain)
        #expect(try refusal { _ = try central.apply(1) }.message.contains("--set"))
        #expect(try refusal { _ = try central.apply(1, set: #"{"name":2}"#) }.kind == .refused)
        _ = try central.apply(1, set: #"{"price":4}"#)
        _ = try central.apply(2)
        #expect(try central.get("product", "A")?["price"]?.json == "4")
        #expect(try central.get("product", "A")?["tax"]?.json == "7")
    }

    @Test func whatWasNotAppliedIsDropped() throws {
        let chain = try chain(
            "  product: {fields: {price: {type: decimal, min: 0}}}\n",
            [OperationDraft(.create, "product", id: "A", set: set(["name": "1", "price": "-1"]))])
        let central = try central(chain)
        _ = try central.resolve(1, .central, by: "Anna")
        let told = try told(chain, central)
        #expect(told.last?.contains("price = -1 from here that had not been applied is dropped") == true)
    }

    @Test func aDeleteIsNoWayAroundARule() throws {
        let chain = try chain(
            "  product: {immutable: true}\n",
            start: [OperationDraft(.create, "product", id: "A", set: set(["price": "1"]))],
            [OperationDraft(.delete, "product", id: "A")])
        let central = try central(chain)
        #expect(try refusal { _ = try central.apply(1) }.kind == .refused)
        #expect(try central.get("product", "A") != nil)
        _ = try central.resolve(1, .central)
        #expect(try central.get("product", "A") != nil)
        #expect(try central.history("product", "A").entries.map(\.outcome).contains(.held))
    }

    @Test func aChangeOfWhatWasDeletedSinceWaits() throws {
        let chain = try chain(
            "  product: {writers: central}\n",
            start: [OperationDraft(.create, "product", id: "A", set: set(["price": "1"]))],
            [OperationDraft(.update, "product", id: "A", set: set(["price": "2"]))])
        let central = try central(chain)
        _ = try central.record(OperationDraft(.delete, "product", id: "A"))
        #expect(try refusal { _ = try central.apply(1) }.message.contains("deleted by now"))
        #expect(try central.get("product", "A") == nil)
    }

    @Test func anIncrementIsToldAsTheSumThatItGave() throws {
        let chain = try chain(
            "  product: {fields: {stock: {type: integer, merge: counter}}}\n",
            start: [OperationDraft(.create, "product", id: "A", set: set(["stock": "1"]))],
            [OperationDraft(.update, "product", id: "A", set: set(["name": "1"]), add: set(["stock": "1.5"]))])
        let central = try central(chain)
        _ = try central.apply(1, set: #"{"stock":3}"#)
        #expect(try central.conflict(1)?.decided == #"{"name":1,"stock":3}"#)
        #expect(try told(chain, central).last?.contains(#"with other values, {"name":1,"stock":3}"#) == true)
    }

    @Test func aRecordCountsAsFailedWhileAnythingAboutItWaits() throws {
        let chain = try chain(
            "  product: {fields: {price: {type: decimal}, name: {type: text, maxLength: 1}}}\n",
            start: [OperationDraft(.create, "product", id: "A", set: set(["name": #""a""#, "price": "1"]))],
            [OperationDraft(.update, "product", id: "A", set: set(["name": #""long""#, "price": #""text""#]))])
        let central = try central(chain)
        let till = try #require(chain.tills["T1"])
        try chain.takeAll()
        #expect(try till.status().totals.failed == 1)
        _ = try central.resolve(1, .central)
        _ = try told(chain, central)
        #expect(try till.status().totals.failed == 1)
        _ = try central.resolve(2, .central)
        _ = try told(chain, central)
        #expect(try till.status().totals.failed == 0)
    }

    @Test func theHistoryTellsWhatWasHeld() throws {
        let chain = try chain(
            "  product: {fields: {price: {type: decimal, min: 0}, stock: {type: integer, merge: counter}}}\n",
            start: [OperationDraft(.create, "product", id: "A", set: set(["price": "1"]))],
            [
                OperationDraft(.update, "product", id: "A", set: set(["price": "-1"])),
                OperationDraft(.update, "product", id: "A", add: set(["stock": "1.5"])),
            ])
        let entries = try central(chain).history("product", "A").entries
        #expect(entries.map(\.outcome) == [.held, .held, .applied])
        #expect(entries.first?.fields.map(\.outcome) == [.held])
    }

    @Test func secretsStandInNoListNoticeOrPlan() throws {
        let chain = try Chain(policy: Self.policy(1, ""))
        let till = try chain.till("T1")
        for id in ["A", "B"] {
            _ = try till.record(
                OperationDraft(.create, "product", id: id, set: set(["email": #""secret""#, "price": "-1"])))
        }
        try chain.close("T1")
        let text = Self.policy(
            2, "  product: {fields: {email: {sensitive: true, maxLength: 3}, price: {required: true, min: 0}}}\n"
        ).replacing("  product: {}\n", with: "")
        try text.write(toFile: chain.path("next.yaml"), atomically: true, encoding: .utf8)
        _ = try chain.central.use(policy: chain.path("next.yaml"))
        let central = try central(chain)
        let plan = String(decoding: try central.preview([chain.exchange]).json.bytes, as: UTF8.self)
        #expect(plan.contains(#""price":-1"#) && !plan.contains("secret"))
        _ = try central.merge([chain.exchange])
        let conflict = try #require(try central.conflict(1))
        #expect(conflict.incoming?.contains("secret") == true)
        #expect(central.hidingSensitive(conflict).json.compact.contains("secret") == false)
        _ = try central.apply(1, set: #"{"price":2,"email":"sec"}"#)
        #expect(try told(chain, central).allSatisfy { !$0.contains("sec") })
        try central.log(LogFilter()) { entry in
            if case .change(let change) = entry {
                #expect(change.entry.set.allSatisfy { !$0.value.json.contains("sec") })
            }
        }
    }
}
