import NightdropFormats
import NightdropModel
import NightdropStore
import NightdropStoreSQLite
import Testing

/// Nothing is merged away, replaced or left out without a trace.
@Suite struct LossTests {
    @Test func aCreateThatSaysLessIsNoRepeat() throws {
        let desk = try MergeDesk("  sale: {direction: up}")
        try desk.merge("T1", [create("sale", "R-1", [("total", "10"), ("table", "4")])])
        try desk.merge("T1", [create("sale", "R-1", [("total", "10")])])
        #expect(try desk.show("sale", "R-1") == #"{"table":4,"total":10}"#)
        #expect(try desk.show("sale", "R-1~T1") == #"{"total":10}"#)
    }

    /// Whether in one transaction or in two: the sale is booked beside what somebody else's change has made.
    @Test(arguments: [true, false]) func aCreateBehindAnothersChangeOfThatIdIsBooked(together: Bool) throws {
        let desk = try MergeDesk("  sale: {direction: up}")
        let late = ("T2", [(update("sale", "R-1", [("state", #""void""#)]), Int64(0))])
        let sale = ("T1", [(create("sale", "R-1", [("total", "10")]), Int64(0))])
        if together {
            try desk.merge([late, sale])
        } else {
            try desk.merge([late])
            try desk.merge([sale])
        }
        #expect(try desk.show("sale", "R-1") == #"{"state":"void"}"#)
        #expect(try desk.show("sale", "R-1~T1") == #"{"total":10}"#)
    }

    @Test func aDeleteOfAnUnknownFactIsShown() throws {
        let desk = try MergeDesk("  sale: {direction: up}")
        try desk.merge("T1", [delete("sale", "R-1")])
        #expect(try desk.show("sale", "R-1") == "dead {}")
        #expect(try desk.conflicts().map { String($0.prefix(15)) } == ["validation open"])
    }

    @Test func whatIsNoNumberIsNotReplacedByASum() throws {
        let desk = try MergeDesk("  item: {fields: {stock: {merge: counter}}}")
        try desk.merge("HQ", [create("item", "A", [("stock", #""many""#)])])
        try desk.merge("T1", [update("item", "A", add: [("stock", "-1")], base: 1)])
        #expect(try desk.show("item", "A") == #"{"stock":"many"}"#)
        #expect(try desk.conflicts() == [#"validation open stock "many" -1 -"#])
    }

    @Test func anIncrementThatCannotBeAddedIsShown() throws {
        let desk = try MergeDesk("  item: {fields: {stock: {merge: counter}}}")
        try desk.merge("HQ", [create("item", "A", [], add: [("stock", "1")])])
        let long = String(repeating: "9", count: 40)
        try desk.merge("T1", [update("item", "A", add: [("stock", long)], base: 1)])
        #expect(try desk.show("item", "A") == #"{"stock":1}"#)
        #expect(try desk.conflicts().map { $0.prefix(40) } == [#"validation open - - {"seq":1,"at":"2026-"#])
    }

    @Test func anEqualValueDoesNotWashADecisionAway() throws {
        let desk = try MergeDesk("  product: {}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("T1", [update("product", "A", [("price", "2")], base: 1)], at: 10)
        try desk.merge("T2", [update("product", "A", [("price", "3")], base: 1)], at: 20)
        try desk.merge(
            "HQ", [update("product", "A", [("price", "2.5")], base: try desk.csn, key: "nightdrop:resolve:1:1")], at: 30
        )
        try desk.merge("T3", [update("product", "A", [("price", "2.5")], base: 1)], at: 40)
        try desk.merge("T4", [update("product", "A", [("price", "9")], base: 1)], at: 50)
        #expect(try desk.show("product", "A") == #"{"price":2.5}"#)
        #expect(try desk.conflicts() == ["field reopened price 2.5 9 2.5"])
    }

    @Test func aDecisionThatARecordStaysIsNotWashedAway() throws {
        let desk = try MergeDesk("  product: {}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("T1", [update("product", "A", [("price", "2")], base: 1)], at: 10)
        try desk.merge("T2", [delete("product", "A", base: 1)], at: 20)
        try desk.merge("HQ", [update("product", "A", base: try desk.csn, key: "nightdrop:resolve:1:1")], at: 30)
        try desk.merge("T3", [update("product", "A", [("size", "2")], base: 1)], at: 40)
        try desk.merge("T4", [delete("product", "A", base: 1)], at: 50)
        #expect(try desk.show("product", "A") == #"{"price":2,"size":2}"#)
        #expect(try desk.conflicts() == ["delete-update reopened - true false true"])
    }

    /// An operation that has seen central's value closes the conflict, whether both come in one transaction or in two.
    @Test(arguments: [true, false]) func aConflictIsClosedByWhoHasSeenTheValue(together: Bool) throws {
        let desk = try MergeDesk("  product: {onConflict: manual}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("HQ", [update("product", "A", [("price", "2")], base: 1)])
        let blind = ("T1", [(update("product", "A", [("price", "3")], base: 1), Int64(0))])
        let seeing = ("T2", [(update("product", "A", [("price", "4")], base: 2), Int64(0))])
        if together {
            try desk.merge([blind, seeing])
        } else {
            try desk.merge([blind])
            try desk.merge([seeing])
        }
        #expect(try desk.show("product", "A") == #"{"price":4}"#)
        #expect(try desk.conflicts() == ["field decided price 2 3 4"])
    }

    @Test func aTillWritesInItsOwnStoreOnly() throws {
        let desk = try MergeDesk("  table: {scope: store}")
        var other = create("table", "1", [("seats", "6")])
        other.store = "S2"
        try desk.merge("T1", [other])
        #expect(try desk.show("table", "1", store: "S2") == nil)
        #expect(try desk.show("table", "1", store: "S1") == #"{"seats":6}"#)
    }

    /// Once the policy no longer names an entity, it is carried to all.
    @Test func whatThePolicyNoLongerNamesReachesTheTills() throws {
        let desk = try MergeDesk("  note: {direction: up}")
        try desk.merge("T1", [create("note", "A", [("text", "1")])])
        let policy = Policy(version: 2, organisation: "Test", entities: [])
        try desk.store.write { try $0.use(policy) }
        let store = try #require(NodeID("S1"))
        let selection = ReturnSelection(
            start: 0, store: store, policy: policy, coverage: Coverage(policyVersion: 2, receives: nil))
        let lines = try desk.store.read { try $0.changes(selection) { _ in } }
        #expect(lines == 1)
    }

    /// A till's own id may look like the name that head office has just given to another record.
    @Test(arguments: [true, false]) func anIdThatLooksLikeASecondNameIsBooked(together: Bool) throws {
        let desk = try MergeDesk("  sale: {direction: up}")
        let first = ("T1", [(create("sale", "A", [("total", "1")]), Int64(0))])
        let second = ("T2", [(create("sale", "A", [("total", "2")]), Int64(0))])
        let third = ("T2", [(create("sale", "A~T2", [("total", "3")]), Int64(0))])
        if together {
            try desk.merge([first, second, third])
        } else {
            for run in [first, second, third] { try desk.merge([run]) }
        }
        try desk.merge("T2", [update("sale", "A~T2", [("state", "1")]), update("sale", "A", [("state", "2")])])
        #expect(
            try desk.contents("sale", ids: ["A", "A~T2", "A~T2~T2"]) == [
                #"A {"total":1}"#, #"A~T2 {"state":2,"total":2}"#, #"A~T2~T2 {"state":1,"total":3}"#,
            ])
    }

    /// Whoever comes first: the deleted sale stays deleted, the other one stays as it was recorded.
    @Test(arguments: [true, false]) func aSaleDoesNotMoveIntoADeletedOne(deletedFirst: Bool) throws {
        let desk = try MergeDesk("  sale: {direction: up, onConflict: terminal-wins}")
        let deleted = {
            _ = try desk.merge("T1", [create("sale", "A", [("total", "1"), ("customer", "7")]), delete("sale", "A")])
        }
        let kept = { _ = try desk.merge("T2", [create("sale", "A", [("total", "2")])]) }
        if deletedFirst {
            try deleted()
            try kept()
        } else {
            try kept()
            try deleted()
        }
        let names = deletedFirst ? ["A", "A~T2"] : ["A~T1", "A"]
        #expect(try desk.show("sale", names[0]) == #"dead {"customer":7,"total":1}"#)
        #expect(try desk.show("sale", names[1]) == #"{"total":2}"#)
    }

    @Test(arguments: ["{direction: up}", "{onDuplicate: keep-both}"])
    func anEqualCreateBehindADeleteIsNoRepeat(policy: String) throws {
        let desk = try MergeDesk("  sale: \(policy)")
        try desk.merge("T1", [create("sale", "A", [("total", "1")]), delete("sale", "A")])
        try desk.merge("T1", [create("sale", "A", [("total", "1")])])
        #expect(try desk.show("sale", "A") == #"{"total":1}"#)
    }
}
