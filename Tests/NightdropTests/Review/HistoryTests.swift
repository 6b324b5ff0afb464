import Foundation
import Nightdrop
import NightdropModel
import NightdropStore
import Testing

/// What history and log tell is what head office did.
@Suite struct HistoryTests {
    private let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          product: {fields: {price: {type: decimal, merge: central-wins}}}
          stock: {fields: {quantity: {type: decimal, merge: counter, min: 0}}}
          sale: {direction: up, onDuplicate: keep-both}
          note: {onConflict: manual}
        """

    private func exchange(_ chain: Chain, _ tills: String...) throws {
        for till in tills { try chain.close(till) }
        try chain.merge()
        try chain.takeAll()
    }

    @Test func eachChangeIsToldWithWhatItMetAndLeft() throws {
        let chain = try Chain(policy: policy)
        _ = try chain.central.record(
            OperationDraft(.create, "product", id: "A", set: set(["price": "2.50", "name": "\"Tea\""])))
        let (one, two) = (try chain.till("T1"), try chain.till("T2"))
        _ = try one.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2.75"]), by: "Ann"))
        _ = try two.record(OperationDraft(.update, "product", id: "A", set: set(["name": "\"Chai\""])))
        _ = try chain.central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "3.00"])))
        try exchange(chain, "T1", "T2")
        let conflict = try #require(try chain.central.conflict(1))
        #expect(conflict.field == "price")

        let history = try chain.central.history("product", "A")
        #expect(history.undecidable.isEmpty && !history.isLifeUndecidable && history.earlier == 0)
        #expect(history.entries.map(\.node) == ["T2", "T1", "HQ", "HQ"])
        #expect(history.entries.map(\.outcome) == [.applied, .lost, .applied, .applied])
        let lost = try #require(history.entries.dropFirst().first)
        #expect(lost.by == "Ann" && lost.seq == 1 && lost.bundle?.hasPrefix("T1-") == true)
        let price = try #require(lost.fields.first)
        #expect(price.before?.json == "3.00" && price.after?.json == "3.00" && price.conflict == 1)
        #expect(history.entries.last?.livedBefore == nil && history.entries.last?.livedAfter == true)
        #expect(history.entries[2].fields.map { $0.before?.json } == ["2.50"])

        let latest = try chain.central.history("product", "A", limit: 1)
        #expect(latest.entries.map(\.csn) == [4] && latest.earlier == 3)
        #expect(try chain.central.history("product", "B").entries.isEmpty)
    }

    @Test func equalValuesConvergeAndCountersAreAddedUp() throws {
        let chain = try Chain(policy: policy)
        _ = try chain.central.record(OperationDraft(.create, "stock", id: "A", set: set(["quantity": "5"])))
        _ = try chain.central.record(OperationDraft(.create, "product", id: "A", set: set(["name": "\"Tea\""])))
        let (one, two) = (try chain.till("T1"), try chain.till("T2"))
        for till in [one, two] {
            _ = try till.record(OperationDraft(.update, "stock", id: "A", add: set(["quantity": "-3"])))
            _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["name": "\"Chai\""])))
        }
        try exchange(chain, "T1", "T2")
        let stock = try chain.central.history("stock", "A").entries
        #expect(stock.map { $0.fields.map { $0.after?.json } } == [["-1"], ["2"], ["5"]])
        #expect(stock.map(\.outcome) == [.applied, .applied, .applied])
        #expect(stock.first?.fields.first?.conflict == 1, "below its minimum")
        #expect(try chain.central.history("product", "A").entries.map(\.outcome) == [.converged, .applied, .applied])
    }

    @Test func aRecordIsShownAsItWas() throws {
        let chain = try Chain(policy: policy)
        _ = try chain.central.record(OperationDraft(.create, "note", id: "A", set: set(["text": "1"])))
        _ = try chain.central.record(OperationDraft(.update, "note", id: "A", set: set(["text": "2", "more": "true"])))
        _ = try chain.central.record(OperationDraft(.delete, "note", id: "A"))
        func text(_ csn: Int64) throws -> [String]? {
            try chain.central.record("note", "A", at: csn)?.fields.map { "\($0.name)=\($0.value.json)" }
        }
        #expect(try text(0) == nil)
        #expect(try text(1) == ["text=1"])
        #expect(try text(2) == ["text=2", "more=true"])
        #expect(try chain.central.record("note", "A", at: 2)?.lives == true)
        #expect(try chain.central.record("note", "A", at: 3)?.lives == false)
        #expect(try chain.central.lastChange(at: 0) == 0)
        #expect(try chain.central.lastChange(at: .max) == 3)
    }

    @Test func bothOfTwoDuplicatesHaveTheirOwnHistory() throws {
        let chain = try Chain(policy: policy)
        for id in ["T1", "T2"] {
            let till = try chain.till(id)
            _ = try till.record(OperationDraft(.create, "sale", id: "R", set: set(["till": "\"\(id)\""])))
            _ = try till.record(OperationDraft(.update, "sale", id: "R", set: set(["paid": "true"])))
        }
        try exchange(chain, "T1", "T2")
        #expect(try chain.central.history("sale", "R").entries.map(\.node) == ["T1", "T1"])
        let second = try chain.central.history("sale", "R~T2")
        #expect(second.entries.map(\.node) == ["T2", "T2"] && second.undecidable.isEmpty)
        #expect(try chain.central.record("sale", "R~T2", at: .max)?.fields.map(\.name) == ["till", "paid"])
    }

    /// A price that lost against head office's under a policy by which it would win now.
    private func decidedEarlier() throws -> (Chain, Central) {
        let chain = try Chain(policy: policy)
        _ = try chain.central.record(
            OperationDraft(.create, "product", id: "A", set: set(["price": "1", "name": "1"])))
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2", "name": "2"])))
        _ = try chain.central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "3"])))
        try exchange(chain, "T1")
        let new = policy.replacing("version: 1", with: "version: 2").replacing("central-wins", with: "terminal-wins")
        try new.write(toFile: chain.path("new.yaml"), atomically: true, encoding: .utf8)
        return (chain, try chain.central.use(policy: chain.path("new.yaml")))
    }

    @Test func whatAnEarlierPolicyDecidedIsTold() throws {
        let (chain, central) = try decidedEarlier()
        defer { withExtendedLifetime(chain) {} }
        let history = try central.history("product", "A")
        #expect(history.undecidable.isEmpty && history.entries.map(\.outcome) == [.lost, .applied, .applied])
        #expect(
            history.entries.map { $0.fields.map { "\($0.name) \($0.after?.json ?? "-")" } } == [
                ["price 3", "name 2"], ["price 3"], ["price 1", "name 1"],
            ])
        let past = try #require(try central.record("product", "A", at: 2))
        #expect(past.undecidable.isEmpty && past.fields.map { $0.value.json } == ["3", "1"])
    }

    @Test func whatWasDecidedAndNotKeptIsNotGuessed() throws {
        let (chain, central) = try decidedEarlier()
        // As a store is that was written before it kept policies.
        try chain.sqlite("UPDATE _merge SET policy = NULL")
        let history = try central.history("product", "A")
        #expect(history.undecidable == ["price"])
        #expect(history.entries.map { $0.fields.map(\.name) } == [["name"], [], ["name"]])
        let past = try #require(try central.record("product", "A", at: 1))
        #expect(past.undecidable == ["price"] && past.fields.map(\.name) == ["name"])
        #expect(try central.record("product", "A", at: 3)?.fields.map { $0.value.json } == ["3", "2"])
    }

    @Test func whatIsHeldBackIsToldAsSuch() throws {
        let chain = try Chain(
            policy: "version: 1\norganisation: Corner Shops\nentities: {product: {}, box: {}, sale: {direction: up}}\n")
        for entity in ["product", "box"] {
            _ = try chain.central.record(OperationDraft(.create, entity, id: "A", set: set(["price": "1"])))
        }
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.update, "box", id: "A", set: set(["price": "2"])))
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2", "name": "1"])))
        _ = try till.record(OperationDraft(.create, "product", id: "B", set: set(["name": "1"])))
        _ = try till.record(OperationDraft(.create, "sale", id: "S", set: set(["total": "9"])))
        let strict = """
            version: 2
            organisation: Corner Shops
            entities:
              product: {fields: {price: {type: decimal, min: 5, required: true}}}
              box: {immutable: true}
              sale: {direction: up, fields: {total: {type: decimal, max: 5}}}
            """
        try strict.write(toFile: chain.path("new.yaml"), atomically: true, encoding: .utf8)
        let central = try chain.central.use(policy: chain.path("new.yaml"))
        try chain.close("T1")
        _ = try central.merge([chain.exchange])

        #expect(try central.history("box", "A").entries.map(\.outcome) == [.held, .applied])
        let product = try #require(try central.history("product", "A").entries.first)
        #expect(product.outcome == .held && product.fields.map(\.outcome) == [.held, .applied])
        #expect(product.fields.first?.after?.json == "1" && product.fields.first?.conflict != nil)
        #expect(try central.history("sale", "S").entries.map(\.outcome) == [.applied], "a fact is booked as it is")
        var log: [String] = []
        try central.log(LogFilter()) { entry in
            guard case .change(let change) = entry, change.entry.node == "T1" else { return }
            log.append("\(change.entity) \(change.id) \(change.entry.outcome) \(change.entry.conflict != nil)")
        }
        #expect(
            log == [
                "box A held true", "product A held false", "product B held true", "sale S applied false",
            ])
        #expect(try central.verifyStore().problems.map(\.text) == [])
    }

    @Test func whatBringsARecordBackIsNotToldAsNothing() throws {
        let chain = try Chain(policy: policy)
        _ = try chain.central.record(OperationDraft(.create, "stock", id: "A", set: set(["name": "1"])))
        _ = try chain.central.record(OperationDraft(.delete, "stock", id: "A"))
        _ = try chain.central.record(OperationDraft(.create, "stock", id: "A", set: set(["name": "1"])))
        let entries = try chain.central.history("stock", "A").entries
        #expect(entries.map(\.outcome) == [.applied, .applied, .applied])
        #expect(entries.first?.fields.map(\.outcome) == [.converged])
    }

    @Test func theLogShowsOperationsAndEventsAsTheyCame() throws {
        let chain = try Chain(policy: policy)
        _ = try chain.central.record(OperationDraft(.create, "product", id: "A", set: set(["price": "1"])))
        let till = try chain.till("T1")
        for id in ["S1", "S2"] {
            _ = try till.record(OperationDraft(.create, "sale", id: id, set: set(["total": "1"])))
        }
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2"])))
        try exchange(chain, "T1")
        func log(_ limit: Int = 100, _ change: (inout LogFilter) -> Void) throws -> [String] {
            var filter = LogFilter()
            change(&filter)
            var lines: [String] = []
            try chain.central.log(filter, limit: limit) { entry in
                switch entry {
                case .event(let event): lines.append(event.kind)
                case .change(let change): lines.append("\(change.entity) \(change.id) \(change.entry.node)")
                }
            }
            return lines
        }
        #expect(
            try log { _ in }.filter { $0 != "policy" } == [
                "product A HQ", "enroll", "sale S1 T1", "sale S2 T1", "product A T1", "merge", "return",
            ])
        #expect(try log(2) { $0.events = false } == ["sale S2 T1", "product A T1"])
        #expect(try log { $0.entity = "product" } == ["product A HQ", "product A T1"])
        #expect(
            try log { $0.node = "T1" } == ["enroll", "sale S1 T1", "sale S2 T1", "product A T1", "merge", "return"])
        #expect(try log { $0.since = .max } == [])
        #expect(try log { $0.since = 0 }.count == log { _ in }.count)
    }
}
