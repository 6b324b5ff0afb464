import Foundation
import Nightdrop
import NightdropModel
import NightdropStore
import Testing

/// Many conflicts decided at once, and decisions about what has moved.
@Suite struct ResolveTests {
    private let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          product: {onConflict: manual}
          stock: {fields: {quantity: {type: decimal, merge: counter, min: 0}}}
        """

    /// Products 0 to 9 cost 1; head office says 5, and each till says its own price.
    private func disputes(_ tills: [String: String]) throws -> Chain {
        let chain = try Chain(policy: policy)
        _ = try chain.central.record(
            (0..<10).map { OperationDraft(.create, "product", id: "P\($0)", set: set(["price": "1"])) })
        for till in tills.keys.sorted() { try chain.till(till) }
        for (till, price) in tills {
            for product in 0..<10 {
                _ = try chain.tills[till]?.record(
                    OperationDraft(.update, "product", id: "P\(product)", set: set(["price": price])))
            }
            try chain.close(till)
        }
        _ = try chain.central.record(
            (0..<10).map { OperationDraft(.update, "product", id: "P\($0)", set: set(["price": "5"])) })
        try chain.merge()
        return chain
    }

    private func rows(_ chain: Chain, _ filter: ConflictFilter = ConflictFilter()) throws -> [ConflictRow] {
        var rows: [ConflictRow] = []
        try chain.central.conflicts(filter) { rows.append($0) }
        return rows
    }

    private func prices(_ chain: Chain) throws -> Set<String> {
        var prices: Set<String> = []
        try chain.central.records("product") { prices.insert($0["price"]?.json ?? "none") }
        return prices
    }

    @Test func manyAreDecidedInOneTransaction() throws {
        let chain = try disputes(["T1": "3"])
        let open = try rows(chain)
        #expect(open.count == 10)
        let before = try chain.query("SELECT count(*) FROM _merge")
        let resolutions = try chain.central.resolve(open, .incoming, by: "Anna")
        #expect(resolutions.allSatisfy { if case .success = $0.result { true } else { false } })
        #expect(try prices(chain) == ["3"])
        #expect(try rows(chain).isEmpty)
        #expect(try Int(chain.query("SELECT count(*) FROM _merge")) == Int(before).map { $0 + 1 })
    }

    @Test(arguments: [
        (Central.DecisionRule.max, "7", "7"), (.max, "3", "5"), (.min, "7", "5"), (.min, "3", "3"),
        (.terminalWins, "3", "3"), (.centralWins, "3", "5"), (.lastWriteWins, "3", "5"),
    ])
    func rulesDecide(_ rule: Central.DecisionRule, incoming: String, outcome: String) throws {
        let chain = try disputes(["T1": incoming])
        _ = try chain.central.resolve(rows(chain), .rule(rule))
        #expect(try prices(chain) == [outcome])
        #expect(try rows(chain).isEmpty)
    }

    @Test func whatHasMovedIsShownAnewAndCanThenBeDecided() throws {
        let chain = try disputes(["T1": "3", "T2": "4"])
        let open = try rows(chain)
        #expect(open.count == 20)
        // Of two conflicts about one price the second has not seen the first's outcome.
        let resolutions = try chain.central.resolve(open, .incoming)
        let moved = resolutions.filter {
            if case .failure(let error) = $0.result { error.kind == .tryAgain } else { false }
        }
        #expect(moved.count == 10)
        let left = try rows(chain)
        #expect(left.map(\.number) == moved.map(\.conflict))
        let first = try #require(open.first?.node == "T1" ? "3" : "4")
        #expect(left.allSatisfy { $0.central == first && $0.centralNode == "HQ" })
        _ = try chain.central.resolve(left, .incoming)
        #expect(try rows(chain).isEmpty)
        #expect(try prices(chain) == [first == "3" ? "4" : "3"])
    }

    @Test func aDecisionIsRevisedOnlyByWhoHasSeenWhatStands() throws {
        let chain = try disputes(["T1": "3"])
        let number = try #require(try rows(chain).first).number
        _ = try chain.central.resolve(number, .incoming, by: "Anna")
        let shown = try #require(try chain.central.conflict(number))
        _ = try chain.central.resolve(number, .value("4"), by: "Ben")
        let error = #expect(throws: NightdropError.self) {
            try chain.central.resolve([shown], .central)[0].result.get()
        }
        #expect(error?.kind == .tryAgain)
        let decisions = try chain.central.decisions(try #require(try chain.central.conflict(number)))
        #expect(decisions.map(\.by) == ["Anna", "Ben"])
        #expect(decisions.map { $0.set.first?.value.json } == ["3", "4"])
        let events = try chain.central.events().filter { $0.kind == "resolve" }
        #expect(events.map { $0.details["by"]?.text } == ["Ben", "Anna"])
        #expect(events.allSatisfy { $0.details["conflict"]?.integer == number })
    }

    @Test func filtersNarrowDown() throws {
        let chain = try disputes(["T1": "3", "T2": "4"])
        #expect(try rows(chain, ConflictFilter(terminal: "T1")).count == 10)
        #expect(try rows(chain, ConflictFilter(entity: "product", field: "price", store: "S1")).count == 20)
        #expect(try rows(chain, ConflictFilter(store: "S2")).isEmpty)
        #expect(try rows(chain, ConflictFilter(kind: "validation")).isEmpty)
        let first = try #require(try rows(chain).first)
        _ = try chain.central.resolve(first.number, .central)
        #expect(try rows(chain).count == 19)
        #expect(try rows(chain, ConflictFilter(state: "decided")).map(\.number) == [first.number])
        #expect(try rows(chain, ConflictFilter(all: true)).count == 20)
    }

    /// A stock of 1 of which two tills sell 3.
    private func oversell() throws -> (Chain, ConflictRow) {
        let chain = try Chain(policy: policy)
        _ = try chain.central.record(OperationDraft(.create, "stock", id: "A", set: set(["quantity": "1"])))
        _ = try chain.till("T1").record(OperationDraft(.update, "stock", id: "A", add: set(["quantity": "-3"])))
        try chain.close("T1")
        try chain.merge()
        return (chain, try #require(try rows(chain).first))
    }

    @Test func anOversellStandsOrIsTakenBack() throws {
        let (chain, conflict) = try oversell()
        _ = try chain.central.resolve(conflict.number, .incoming)
        #expect(try chain.central.get("stock", "A")?["quantity"]?.json == "-2")
        #expect(try rows(chain).isEmpty)
        _ = try chain.central.resolve(conflict.number, .central)
        #expect(try chain.central.get("stock", "A")?["quantity"]?.json == "1")
        #expect(throws: NightdropError.self) { try chain.central.resolve(conflict.number, .central) }
        #expect(try chain.central.get("stock", "A")?["quantity"]?.json == "1")
    }

    @Test func aCounterThatMovedOnIsNotSetUnseen() throws {
        let (chain, conflict) = try oversell()
        _ = try chain.central.record(OperationDraft(.update, "stock", id: "A", add: set(["quantity": "10"])))
        let error = #expect(throws: NightdropError.self) { try chain.central.resolve(conflict.number, .value("0")) }
        #expect(error?.kind == .tryAgain)
        #expect(try chain.central.conflict(conflict.number)?.decided == "8")
        _ = try chain.central.resolve(conflict.number, .value("0"))
        #expect(try chain.central.get("stock", "A")?["quantity"]?.json == "0")
    }

    @Test func aBadValueIsRefused() throws {
        let chain = try Chain()
        _ = try chain.central.record(OperationDraft(.create, "product", id: "A", set: set(["price": "1"])))
        _ = try chain.till("T1").record(OperationDraft(.update, "product", id: "A", set: set(["price": "2"])))
        _ = try chain.central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "3"])))
        try chain.close("T1")
        try chain.merge()
        let error = #expect(throws: NightdropError.self) { try chain.central.resolve(1, .value(#""cheap""#)) }
        #expect(error?.kind == .refused)
        #expect(try chain.central.get("product", "A")?["price"]?.json == "3")
    }
}

/// Commits of head office that are recorded together.
@Suite struct CommitsTogetherTests {
    @Test func manyCommitsAreOneTransactionOfTheStore() throws {
        let chain = try Chain()
        let before = try #require(Int(try chain.query("SELECT count(*) FROM _merge")))
        let result = try chain.central.record(
            commits: (1...2500).map { [OperationDraft(.create, "category", id: "C\($0)", set: set(["name": #""x""#]))] }
        )
        #expect(result.failure == nil)
        #expect(result.recorded.map(\.first) == (1...2500).map(Int64.init))
        #expect(Int(try chain.query("SELECT count(*) FROM _merge")) == before + 3)
        #expect(try chain.query("SELECT count(*) FROM category") == "2500")
    }

    @Test func eachSeesThoseBeforeIt() throws {
        let chain = try Chain()
        let result = try chain.central.record(commits: [
            [OperationDraft(.create, "inventory", id: "A", set: set(["quantity": "5"]))],
            [OperationDraft(.update, "inventory", id: "A", set: set(["quantity": "7"]), key: "k")],
            [OperationDraft(.update, "inventory", id: "A", add: set(["quantity": "1"]), key: "k")],
            [OperationDraft(.delete, "inventory", id: "A")],
            [OperationDraft(.update, "inventory", id: "A", add: set(["quantity": "1"]))],
            [OperationDraft(.create, "inventory", id: "B")],
        ])
        #expect(result.recorded.map(\.last) == [1, 2, 2, 3])
        #expect(result.recorded.map(\.isRepeat) == [false, false, true, false])
        #expect(result.failure?.message == "there is no inventory A")
        #expect(try chain.central.get("inventory", "B") == nil)
        #expect(try chain.query("SELECT data FROM _record WHERE id = 'A'") == #"{"quantity":7}"#)
    }

    /// Eight MiB at most are one commit of the journal.
    @Test func whatHasNoRoomComesNext() throws {
        let chain = try Chain()
        let text = #"""# + String(repeating: "x", count: 900_000) + #"""#
        let result = try chain.central.record(
            commits: (1...20).map { [OperationDraft(.create, "category", id: "C\($0)", set: set(["name": text]))] })
        #expect(result.failure?.message == nil)
        #expect(result.recorded.count == 20)
        #expect(try chain.query("SELECT count(*) FROM category") == "20")
    }
}

extension Chain {
    /// What an SQL query on head office's store prints.
    func query(_ sql: String) throws -> String {
        let tool = Process()
        let pipe = Pipe()
        tool.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tool.arguments = ["sqlite3", path("HQ/store.sqlite"), sql]
        tool.standardOutput = pipe
        try tool.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        tool.waitUntilExit()
        try #require(tool.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}
