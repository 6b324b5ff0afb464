import NightdropModel
import Testing

/// What becomes of two values for one field.
@Suite struct FieldConflictTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        let first: String
        let second: String
        let expected: String
        let state: String

        var testDescription: String { "\(rule), \(first) before \(second)" }
    }

    /// Two tills and head office change a price from 1.00 without knowing of each other: T1 to 1.10 at 10:00, T2 to 1.20 at
    /// 11:00, HQ to 1.30 at 9:00. Which value stands, by rule and by order of arrival?
    static let cases: [Case] = [
        Case(rule: "last-write-wins", first: "T1", second: "T2", expected: "1.20", state: "decided"),
        Case(rule: "last-write-wins", first: "T2", second: "T1", expected: "1.20", state: "decided"),
        Case(rule: "last-write-wins", first: "T1", second: "HQ", expected: "1.10", state: "decided"),
        Case(rule: "last-write-wins", first: "HQ", second: "T1", expected: "1.10", state: "decided"),
        Case(rule: "central-wins", first: "T1", second: "T2", expected: "1.10", state: "decided"),
        Case(rule: "central-wins", first: "T2", second: "T1", expected: "1.20", state: "decided"),
        Case(rule: "central-wins", first: "T2", second: "HQ", expected: "1.30", state: "decided"),
        Case(rule: "central-wins", first: "HQ", second: "T2", expected: "1.30", state: "decided"),
        Case(rule: "terminal-wins", first: "T1", second: "T2", expected: "1.20", state: "decided"),
        Case(rule: "terminal-wins", first: "T2", second: "T1", expected: "1.10", state: "decided"),
        Case(rule: "manual", first: "T1", second: "T2", expected: "1.10", state: "open"),
        Case(rule: "manual", first: "T2", second: "T1", expected: "1.20", state: "open"),
    ]

    static let prices = ["T1": ("1.10", Int64(10)), "T2": ("1.20", 11), "HQ": ("1.30", 9)]

    @Test(arguments: cases) func decides(_ test: Case) throws {
        let desk = try MergeDesk("  product: {fields: {price: {type: decimal, merge: \(test.rule)}}}")
        try desk.merge("HQ", [create("product", "A", [("price", "1.00")])], at: -48 * 3_600_000)
        let base = try desk.csn
        for node in [test.first, test.second] {
            let (price, hour) = try #require(Self.prices[node])
            try desk.merge(
                node, [update("product", "A", [("price", price)], was: [("price", "1.00")], base: base)],
                at: (hour - 24) * 3_600_000)
        }
        #expect(try desk.show("product", "A") == "{\"price\":\(test.expected)}")
        let first = try #require(Self.prices[test.first]).0
        let second = try #require(Self.prices[test.second]).0
        let decided = test.state == "open" ? "-" : test.expected
        #expect(try desk.conflicts() == ["field \(test.state) price \(first) \(second) \(decided)"])
    }

    @Test func causalityBeatsClocks() throws {
        let desk = try MergeDesk("  product: {}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("T1", [update("product", "A", [("price", "2")], base: 1)], at: 3_600_000)
        // T2 has seen T1's price; its clock is two hours slow.
        try desk.merge("T2", [update("product", "A", [("price", "3")], base: 2)], at: -3_600_000)
        #expect(try desk.show("product", "A") == #"{"price":3}"#)
        #expect(try desk.conflicts() == [])
    }

    @Test func differentFieldsAndEqualValuesAreNoConflict() throws {
        let desk = try MergeDesk("  product: {}")
        try desk.merge("HQ", [create("product", "A", [("price", "1"), ("name", #""x""#)])])
        try desk.merge("T1", [update("product", "A", [("price", "2.50")], base: 1)], at: 10)
        try desk.merge("T2", [update("product", "A", [("name", #""y""#)], base: 1)], at: 20)
        try desk.merge("T3", [update("product", "A", [("price", "2.5")], base: 1)], at: 30)
        #expect(try desk.show("product", "A") == #"{"name":"y","price":2.50}"#)
        #expect(try desk.conflicts() == [])
    }

    @Test func anEqualValueWithTheLaterTimeTakesOverTheClock() throws {
        let desk = try MergeDesk("  product: {}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("T1", [update("product", "A", [("price", "2")], base: 1)], at: 10)
        try desk.merge("T3", [update("product", "A", [("price", "2")], base: 1)], at: 30)
        // Later than T1's, earlier than T3's, which says the same as T1's: 2 stands.
        try desk.merge("T2", [update("product", "A", [("price", "9")], base: 1)], at: 20)
        #expect(try desk.show("product", "A") == #"{"price":2}"#)
    }

    @Test func aTimeFarAheadNeverWins() throws {
        let desk = try MergeDesk("  product: {}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("T1", [update("product", "A", [("price", "2")], base: 1)], at: -1000)
        try desk.merge("T2", [update("product", "A", [("price", "3")], base: 1)], at: 25 * 365 * 86_400_000)
        #expect(try desk.show("product", "A") == #"{"price":2}"#)
    }

    @Test func countersAddWhoeverComesFirst() throws {
        let desk = try MergeDesk("  customer: {fields: {points: {type: decimal, merge: counter}}}")
        try desk.merge("HQ", [create("customer", "C1", [("name", #""Ann""#)], add: [("points", "100")])])
        try desk.merge("T1", [update("customer", "C1", add: [("points", "15")], base: 1)])
        try desk.merge("T2", [update("customer", "C1", add: [("points", "7.5")], base: 1)])
        // What was a plain field for a till counts as the difference.
        try desk.merge("T3", [update("customer", "C1", [("points", "90")], was: [("points", "100")], base: 1)])
        #expect(try desk.show("customer", "C1") == #"{"name":"Ann","points":112.5}"#)
        #expect(try desk.conflicts() == [])
        try desk.merge("T3", [update("customer", "C1", [("points", "5")], base: 1)])
        #expect(try desk.show("customer", "C1") == #"{"name":"Ann","points":112.5}"#)
        #expect(try desk.conflicts() == ["validation open points - 5 -"])
    }

    @Test func theLastItemSoldTwiceIsRecordedNotHidden() throws {
        let desk = try MergeDesk("  inventory: {fields: {quantity: {type: decimal, merge: counter, min: 0}}}")
        try desk.merge("HQ", [create("inventory", "A", [], add: [("quantity", "1")])])
        try desk.merge("T1", [update("inventory", "A", add: [("quantity", "-1")], base: 1)])
        try desk.merge("T2", [update("inventory", "A", add: [("quantity", "-1")], base: 1)])
        #expect(try desk.show("inventory", "A") == #"{"quantity":-1}"#)
        #expect(try desk.conflicts() == ["constraint open quantity 0 -1 -1"])
        #expect(try desk.notices("T2").count == 1)
        #expect(try desk.notices("T1").isEmpty)
    }

    @Test func maxMinAndUnionMergeWithoutConflict() throws {
        let desk = try MergeDesk(
            "  stat: {fields: {high: {merge: max}, low: {merge: min}, tags: {merge: union}}}")
        try desk.merge("HQ", [create("stat", "A", [("high", "5"), ("low", "5"), ("tags", #"["a"]"#)])])
        try desk.merge("T1", [update("stat", "A", [("high", "7"), ("low", "7"), ("tags", #"["c","a"]"#)], base: 1)])
        try desk.merge("T2", [update("stat", "A", [("high", "6"), ("low", "3.0"), ("tags", #"["b"]"#)], base: 1)])
        #expect(try desk.show("stat", "A") == #"{"high":7,"low":3.0,"tags":["a","b","c"]}"#)
        #expect(try desk.conflicts() == [])
    }

    @Test func laterOperationsJoinAnOpenConflictAndOneThatHasSeenItClosesIt() throws {
        let desk = try MergeDesk("  product: {onConflict: manual}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("HQ", [update("product", "A", [("price", "2")], base: 1)])
        try desk.merge("T1", [update("product", "A", [("price", "3")], base: 1)])
        try desk.merge("T1", [update("product", "A", [("price", "4")], base: 1)])
        #expect(try desk.conflicts() == ["field open price 2 4 -"])
        #expect(try desk.show("product", "A") == #"{"price":2}"#)
        try desk.merge("T1", [update("product", "A", [("price", "5")], base: try desk.csn)])
        #expect(try desk.conflicts() == ["field decided price 2 4 5"])
        #expect(try desk.show("product", "A") == #"{"price":5}"#)
    }

    @Test func aPersonsDecisionIsOnlyReplacedByWhoHasSeenIt() throws {
        let desk = try MergeDesk("  product: {}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("T1", [update("product", "A", [("price", "2")], base: 1)], at: 10)
        try desk.merge("T2", [update("product", "A", [("price", "3")], base: 1)], at: 20)
        let key = "nightdrop:resolve:1:1"
        try desk.merge(
            "HQ", [update("product", "A", [("price", "2.5")], base: try desk.csn, key: key, by: "Mia")], at: 30)
        #expect(try desk.show("product", "A") == #"{"price":2.5}"#)
        try desk.merge("T3", [update("product", "A", [("price", "7")], base: 1)], at: 99)
        #expect(try desk.show("product", "A") == #"{"price":2.5}"#)
        #expect(try desk.conflicts() == ["field reopened price 2.5 7 2.5"])
        try desk.merge("T3", [update("product", "A", [("price", "8")], base: try desk.csn)], at: 100)
        #expect(try desk.show("product", "A") == #"{"price":8}"#)
    }
}
