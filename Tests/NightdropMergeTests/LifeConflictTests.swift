import NightdropModel
import Testing

/// Creates of one id, deletes, and changes of what is not there.
@Suite struct LifeConflictTests {
    @Test func twoCreatesOfOneIdAreDecidedFieldByField() throws {
        let desk = try MergeDesk("  product: {}")
        try desk.merge("T1", [create("product", "A", [("price", "1"), ("name", #""x""#)])], at: 10)
        try desk.merge("T2", [create("product", "A", [("price", "2"), ("name", #""x""#), ("size", "3")])], at: 20)
        #expect(try desk.show("product", "A") == #"{"name":"x","price":2,"size":3}"#)
        #expect(try desk.conflicts() == ["create-create decided price 1 2 2"])
    }

    @Test func noSaleIsMergedAway() throws {
        let desk = try MergeDesk("  sale: {direction: up, onConflict: terminal-wins}")
        try desk.merge("T1", [create("sale", "R-1", [("total", "10")])])
        try desk.merge("T2", [create("sale", "R-1", [("total", "10")])])
        // T2 goes on using its own name for its sale; T1's is not touched.
        try desk.merge("T2", [update("sale", "R-1", [("state", #""void""#)])])
        #expect(try desk.show("sale", "R-1") == #"{"total":10}"#)
        #expect(try desk.show("sale", "R-1~T2") == #"{"state":"void","total":10}"#)
        #expect(try desk.conflicts() == [#"duplicate decided - {"total":10} {"total":10} "R-1~T2""#])
        // A third one, and one more of T2's own with other content.
        try desk.merge("T3", [create("sale", "R-1", [("total", "11")])])
        try desk.merge("T2", [create("sale", "R-1", [("total", "12")])])
        #expect(try desk.show("sale", "R-1~T3") == #"{"total":11}"#)
        #expect(try desk.show("sale", "R-1~T2~2") == #"{"total":12}"#)
    }

    @Test func anEqualCreateInTheSameJournalIsARepeat() throws {
        let desk = try MergeDesk("  sale: {direction: up}")
        try desk.merge("T1", [create("sale", "R-1", [("total", "10.0")]), create("sale", "R-1", [("total", "10")])])
        try desk.merge("T1", [create("sale", "R-1", [("total", "10")])])
        #expect(try desk.show("sale", "R-1") == #"{"total":10.0}"#)
        #expect(try desk.show("sale", "R-1~T1") == nil)
        #expect(try desk.conflicts() == [])
    }

    @Test func afterASplitAnOldBaseMeansOnesOwnAndANewOneWhatItSays() throws {
        let desk = try MergeDesk("  customer: {onDuplicate: keep-both}")
        try desk.merge("T1", [create("customer", "C1", [("name", #""Ann""#)])])
        try desk.merge("T2", [create("customer", "C1", [("name", #""Bob""#)])])
        try desk.merge("T2", [update("customer", "C1", [("city", #""Bonn""#)], base: 0)])
        try desk.merge("T2", [update("customer", "C1", [("city", #""Ulm""#)], base: try desk.csn)])
        #expect(try desk.show("customer", "C1~T2") == #"{"city":"Bonn","name":"Bob"}"#)
        #expect(try desk.show("customer", "C1") == #"{"city":"Ulm","name":"Ann"}"#)
    }

    struct DeleteCase: Sendable {
        let rule: String
        let deleteFirst: Bool
        let lives: Bool
        let state: String
    }

    /// T1 deletes at 10:00 what T2 changes at 11:00, neither knowing of the other.
    static let deletes: [DeleteCase] = [
        DeleteCase(rule: "last-write-wins", deleteFirst: true, lives: true, state: "decided"),
        DeleteCase(rule: "last-write-wins", deleteFirst: false, lives: true, state: "decided"),
        DeleteCase(rule: "terminal-wins", deleteFirst: true, lives: true, state: "decided"),
        DeleteCase(rule: "terminal-wins", deleteFirst: false, lives: false, state: "decided"),
        DeleteCase(rule: "central-wins", deleteFirst: true, lives: false, state: "decided"),
        DeleteCase(rule: "central-wins", deleteFirst: false, lives: true, state: "decided"),
        DeleteCase(rule: "manual", deleteFirst: true, lives: false, state: "open"),
        DeleteCase(rule: "manual", deleteFirst: false, lives: true, state: "open"),
    ]

    @Test(arguments: deletes) func deleteAgainstUpdate(_ test: DeleteCase) throws {
        let desk = try MergeDesk("  product: {onConflict: \(test.rule)}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        let deletion = { _ = try desk.merge("T1", [delete("product", "A", base: 1)], at: 10) }
        let change = { _ = try desk.merge("T2", [update("product", "A", [("size", "2")], base: 1)], at: 11) }
        if test.deleteFirst {
            try deletion()
            try change()
        } else {
            try change()
            try deletion()
        }
        #expect(try desk.show("product", "A") == (test.lives ? "" : "dead ") + #"{"price":1,"size":2}"#)
        #expect(
            try desk.conflicts().map { $0.prefix(20 + test.state.count) }.first?.hasPrefix(
                "delete-update \(test.state)") == true)
        #expect(try desk.conflicts().count == 1)
    }

    @Test func aDeleteThatHasSeenEverythingIsNoConflict() throws {
        let desk = try MergeDesk("  product: {}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("T2", [update("product", "A", [("price", "2")], base: 1)], at: 99)
        try desk.merge("T1", [delete("product", "A", base: try desk.csn)], at: 10)
        #expect(try desk.show("product", "A") == #"dead {"price":2}"#)
        try desk.merge("T1", [create("product", "A", [("price", "3")], base: try desk.csn)], at: 11)
        #expect(try desk.show("product", "A") == #"{"price":3}"#)
        #expect(try desk.conflicts() == [])
    }

    @Test func aChangeOfSomethingUnknownIsKeptAndAFactIsMade() throws {
        let desk = try MergeDesk("  product: {}\n  sale: {direction: up}")
        try desk.merge("T1", [update("product", "A", [("price", "1")]), update("sale", "S", [("total", "1")])])
        #expect(try desk.show("product", "A") == nil)
        #expect(try desk.show("sale", "S") == #"{"total":1}"#)
        let conflicts = try desk.conflicts()
        #expect(conflicts.count == 2)
        #expect(conflicts[0].hasPrefix(#"validation open - - {"seq":1,"#))
        #expect(conflicts[1] == #"validation open - - {"total":1} -"#)
    }

    @Test func whatHeadOfficeAloneWritesIsHeldNotApplied() throws {
        let desk = try MergeDesk("  category: {direction: down}")
        try desk.merge("HQ", [create("category", "A", [("name", #""x""#)])])
        try desk.merge(
            "T1", [update("category", "A", [("name", #""y""#)], base: 1), create("sale", "S", [("t", "1")])])
        #expect(try desk.show("category", "A") == #"{"name":"x"}"#)
        #expect(try desk.show("sale", "S") == #"{"t":1}"#)
        #expect(try desk.conflicts().count == 1)
    }

    @Test func recordsOfAStoreAreApart() throws {
        let desk = try MergeDesk("  table: {scope: store}")
        try desk.merge("T1", [create("table", "1", [("seats", "4")])])
        var other = create("table", "1", [("seats", "6")])
        other.store = "S2"
        try desk.merge("HQ", [other])
        #expect(try desk.show("table", "1", store: "S1") == #"{"seats":4}"#)
        #expect(try desk.show("table", "1", store: "S2") == #"{"seats":6}"#)
        #expect(try desk.conflicts() == [])
    }
}
