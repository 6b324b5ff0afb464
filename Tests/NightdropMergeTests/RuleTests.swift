import NightdropMerge
import NightdropModel
import Testing

/// What the policy does not allow: of master data it is kept aside, facts are booked, and either way somebody looks at it.
@Suite struct RuleTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rules: String
        let value: String
        let kind: String
        let reason: String

        var testDescription: String { "\(rules) \(value)" }
    }

    static let cases: [Case] = [
        Case(rules: "type: text", value: "7", kind: "validation", reason: "it must be a text"),
        Case(rules: "type: integer", value: "1.5", kind: "validation", reason: "it must be a whole number"),
        Case(rules: "type: decimal", value: #""a""#, kind: "validation", reason: "it must be a number"),
        Case(rules: "type: boolean", value: "1", kind: "validation", reason: "it must be true or false"),
        Case(rules: "type: date", value: #""x""#, kind: "validation", reason: "it must be a date like 2026-11-20"),
        Case(rules: "type: time", value: #""x""#, kind: "validation", reason: "it must be a time like 17:59"),
        Case(rules: "required: true", value: "null", kind: "validation", reason: "it must have a value"),
        Case(rules: "maxLength: 2", value: #""abc""#, kind: "validation", reason: "it must have at most 2 characters"),
        Case(rules: "oneOf: [1, 2]", value: "3", kind: "validation", reason: "it must be one of 1, 2"),
        Case(rules: "pattern: 'a+'", value: #""b""#, kind: "validation", reason: "it must match the pattern a+"),
        Case(rules: "merge: union", value: "1", kind: "validation", reason: "it must be a list"),
        Case(rules: "min: 0", value: "-1", kind: "constraint", reason: "it must be at least 0"),
        Case(rules: "max: 9", value: "10", kind: "constraint", reason: "it must be at most 9"),
    ]

    static func permission(_ value: String) -> Case {
        Case(
            rules: "writers: central", value: value, kind: "permission",
            reason: "it may only be changed by head office")
    }

    /// The other field of the same operation is applied.
    @Test(arguments: cases + [permission("5")]) func ofMasterDataTheFieldIsLeftOut(_ test: Case) throws {
        let desk = try MergeDesk("  product: {fields: {f: {\(test.rules)}}}")
        try desk.merge("HQ", [create("product", "A", [("name", #""x""#)])])
        try desk.merge("T1", [update("product", "A", [("f", test.value), ("name", #""y""#)], base: 1)])
        #expect(try desk.show("product", "A") == #"{"name":"y"}"#)
        #expect(try desk.rules() == ["\(test.kind) open f - \(test.value) - \(test.reason)"])
        #expect(
            try desk.notices("T1") == [
                "product A: f = \(test.value) was not applied, because \(test.reason). Head office will look at it."
            ])
    }

    @Test(arguments: cases) func aFactIsBooked(_ test: Case) throws {
        let desk = try MergeDesk("  sale: {direction: up, fields: {f: {\(test.rules)}}}")
        try desk.merge("T1", [create("sale", "S", [("f", test.value), ("total", "1")])])
        #expect(try desk.show("sale", "S") == #"{"f":\#(test.value),"total":1}"#)
        #expect(try desk.rules() == ["\(test.kind) open f - \(test.value) \(test.value) \(test.reason)"])
        #expect(
            try desk.notices("T1") == [
                "sale S: f = \(test.value) was booked, but \(test.reason). Head office will look at it."
            ])
    }

    @Test func aNewRecordIsMadeWithoutTheWrongField() throws {
        let desk = try MergeDesk("  product: {fields: {price: {min: 0}, vat: {writers: central}}}")
        try desk.merge("T1", [create("product", "A", [("price", "-1"), ("name", #""x""#), ("vat", "7")])])
        #expect(try desk.show("product", "A") == #"{"name":"x"}"#)
        #expect(
            try desk.rules() == [
                "constraint open price - -1 - it must be at least 0",
                "permission open vat - 7 - it may only be changed by head office",
            ])
    }

    @Test func aRecordIsNotMadeWithoutWhatItMustHave() throws {
        let desk = try MergeDesk("  product: {fields: {price: {required: true, min: 0}}}")
        try desk.merge("T1", [create("product", "A", [("name", #""x""#)]), create("product", "B", [("price", "-1")])])
        try desk.merge("T1", [create("product", "C", [("price", "2")])])
        #expect(try desk.show("product", "A") == nil)
        #expect(try desk.show("product", "B") == nil)
        #expect(try desk.show("product", "C") == #"{"price":2}"#)
        let rows = try desk.rules()
        #expect(rows.count == 2)
        #expect(rows[0].hasPrefix(#"validation open - - {"seq":1"#) && rows[0].hasSuffix("price: it must have a value"))
        #expect(
            rows[1].hasPrefix(#"constraint open - - {"seq":2"#) && rows[1].hasSuffix("price: it must be at least 0"))
    }

    @Test func aFactWithoutWhatItMustHaveIsBooked() throws {
        let desk = try MergeDesk("  sale: {direction: up, fields: {total: {required: true}}}")
        try desk.merge("T1", [create("sale", "S", [("note", "1")])])
        #expect(try desk.show("sale", "S") == #"{"note":1}"#)
        #expect(try desk.rules() == ["validation open total - - - it must have a value"])
        #expect(
            try desk.notices("T1") == [
                "sale S was booked without total, but it must have a value. Head office will look at it."
            ])
    }

    @Test(arguments: ["both", "up"]) func whatIsImmutable(direction: String) throws {
        let desk = try MergeDesk("  invoice: {direction: \(direction), immutable: true}")
        try desk.merge("T1", [create("invoice", "A", [("total", "1")]), create("invoice", "B", [("total", "1")])])
        try desk.merge("T1", [update("invoice", "A", [("total", "2")]), delete("invoice", "B")])
        let isFact = direction == "up"
        #expect(try desk.show("invoice", "A") == #"{"total":\#(isFact ? 2 : 1)}"#)
        #expect(try desk.show("invoice", "B") == (isFact ? "dead " : "") + #"{"total":1}"#)
        let rows = try desk.rules()
        #expect(rows.count == 2)
        // What is held is kept as it came; of what was booked, the values.
        #expect(rows.allSatisfy { $0.hasPrefix(#"validation open - - {"seq":"#) == !isFact })
        #expect(rows.allSatisfy { $0.hasSuffix("a record of invoice is never changed after it was made") })
    }

    /// What is added cannot be told from a value later, so all of the operation is kept.
    @Test func anIncrementThatIsNotAllowedIsKeptWhole() throws {
        let desk = try MergeDesk(
            "  item: {fields: {stock: {type: integer, merge: counter}, due: {merge: counter, writers: central}}}")
        try desk.merge("HQ", [create("item", "A", [], add: [("stock", "5"), ("due", "1")])])
        try desk.merge("T1", [update("item", "A", [("name", "1")], add: [("stock", "0.5")], base: 1)])
        try desk.merge("T1", [update("item", "A", [("name", "1")], add: [("due", "1")], base: 1)])
        try desk.merge("T1", [update("item", "A", add: [("stock", "2.0")], base: 1)])
        #expect(try desk.show("item", "A") == #"{"due":1,"stock":7.0}"#)
        #expect(try desk.rules().map { $0.prefix(15) } == ["validation open", "permission open"])
    }

    @Test func aCounterBeyondItsBoundsIsBookedAndShown() throws {
        let desk = try MergeDesk("  item: {fields: {stock: {merge: counter, min: 0, max: 10}}}")
        try desk.merge("HQ", [create("item", "A", [], add: [("stock", "9")])])
        try desk.merge("T1", [update("item", "A", add: [("stock", "2")], base: 1)])
        try desk.merge("T1", [update("item", "A", add: [("stock", "-12")], base: 1)])
        // On the way back into the bounds nothing is wrong.
        try desk.merge("T1", [update("item", "A", add: [("stock", "1")], base: 1)])
        #expect(try desk.show("item", "A") == #"{"stock":0}"#)
        // The same till's open conflict about the field is brought up to date.
        #expect(try desk.rules() == ["constraint open stock 11 -12 -1 below the minimum of 0"])
    }

    @Test func whatStandsThereAnywayIsNoConflict() throws {
        let desk = try MergeDesk("  product: {fields: {price: {writers: central}}}")
        try desk.merge("HQ", [create("product", "A", [("price", "2.50")])])
        try desk.merge("T1", [update("product", "A", [("price", "2.5"), ("name", "1")], base: 1)])
        #expect(try desk.show("product", "A") == #"{"name":1,"price":2.50}"#)
        #expect(try desk.rules() == [])
    }

    /// A change of which nothing is left does not bring a record back to life.
    @Test func aRefusedChangeRevivesNothing() throws {
        let desk = try MergeDesk("  product: {fields: {price: {min: 0}}}")
        try desk.merge("T1", [create("product", "A", [("price", "2")]), delete("product", "A")])
        try desk.merge("T1", [update("product", "A", [("price", "-2")])])
        #expect(try desk.show("product", "A") == #"dead {"price":2}"#)
    }

    /// In a transaction of three the bad one is kept aside, the others are merged.
    @Test func oneBadOperationHoldsUpNoOther() throws {
        let desk = try MergeDesk("  product: {fields: {price: {type: decimal}}}\n  tax: {direction: down}")
        try desk.merge(
            "T1",
            [
                create("product", "A", [("price", "1")]), create("tax", "X", [("rate", "7")]),
                update("product", "Z", [("price", "2")]), create("product", "B", [("price", "3")]),
            ])
        #expect(try desk.show("product", "A") == #"{"price":1}"#)
        #expect(try desk.show("product", "B") == #"{"price":3}"#)
        #expect(try desk.rules().map { $0.prefix(15) } == ["permission open", "validation open"])
    }

    @Test func headOfficesOwnDecisionMayBreakARule() throws {
        let desk = try MergeDesk("  product: {fields: {price: {min: 0}}}")
        try desk.merge("HQ", [create("product", "A", [("price", "1")])])
        try desk.merge("T1", [update("product", "A", [("price", "-1")], base: 1)])
        try desk.merge(
            "HQ", [update("product", "A", [("price", "-1")], base: try desk.csn, key: "nightdrop:resolve:1:1")])
        #expect(try desk.show("product", "A") == #"{"price":-1}"#)
        #expect(try desk.rules() == ["constraint decided price 1 -1 -1 it must be at least 0"])
    }

    /// A wrong value that comes again takes the place of the first one.
    @Test(arguments: [true, false]) func aFactThatIsWrongTwiceIsShownOnce(together: Bool) throws {
        let desk = try MergeDesk("  sale: {direction: up, fields: {total: {min: 0}}}")
        let first = ("T1", [(create("sale", "S", [("total", "-1")]), Int64(0))])
        let second = ("T1", [(update("sale", "S", [("total", "-2")]), Int64(1))])
        if together {
            try desk.merge([first, second])
        } else {
            try desk.merge([first])
            try desk.merge([second])
        }
        #expect(try desk.rules() == ["constraint open total - -2 -2 it must be at least 0"])
        try desk.merge("T1", [update("sale", "S", [("total", "3")])], at: 2)
        #expect(try desk.rules() == ["constraint decided total - -2 3 a later change"])
    }

    /// Whatever rule decides about the field, and whether it was there.
    @Test(arguments: ["", "merge: max, ", "merge: min, ", "merge: central-wins, ", "merge: manual, "])
    func aLaterValueOfTheTillClosesWhatItBroke(_ rule: String) throws {
        let desk = try MergeDesk("  product: {fields: {f: {\(rule)type: decimal, min: 0}}}")
        try desk.merge("HQ", [create("product", "A", [("f", "5")])])
        try desk.merge("T1", [create("product", "B", [("f", "-1"), ("name", "1")])])
        try desk.merge("T1", [update("product", "A", [("f", "-1")], base: 1)])
        try desk.merge("HQ", [update("product", "A", [("f", "7")], base: 1)])
        #expect(try desk.conflicts().map { $0.hasPrefix("constraint open f") } == [true, true])
        try desk.merge("T1", [update("product", "B", [("f", "1")])], at: 2)
        try desk.merge("T1", [update("product", "A", [("f", "6")], base: 1)], at: 2)
        #expect(try desk.conflicts().prefix(2).map { $0.hasPrefix("constraint decided f") } == [true, true])
    }

    @Test func whoseDeleteOrChangeWasReplacedIsToldInPlainWords() throws {
        let desk = try MergeDesk("  product: {}")
        for id in ["A", "B"] { try desk.merge("HQ", [create("product", id, [("f", "5")])]) }
        try desk.merge("T1", [delete("product", "A", base: 2), update("product", "B", [("f", "6")], base: 2)], at: 5)
        try desk.merge("T2", [update("product", "A", [("f", "7")], base: 2), delete("product", "B", base: 2)], at: 9)
        #expect(
            try desk.notices("T1") == [
                "product A was deleted here, but T2 changed it. The record stays (last-write-wins).",
                "product B was changed here, but T2 deleted it. The record is deleted (last-write-wins).",
            ])
    }

    /// What a program has written may repeat what it had read.
    @Test func aProgramsWordsAboutASensitiveValueStandInNoNotice() throws {
        let desk = try MergeDesk("  customer: {fields: {email: {sensitive: true, merge: hook, hook: x}}}")
        desk.hook = { _ in .failed("it ended with status 1: ann@x") }
        try desk.merge("HQ", [create("customer", "A", [("email", #""hq@x""#)])])
        try desk.merge("T1", [update("customer", "A", [("email", #""ann@x""#)], base: 1)])
        try desk.merge("T2", [update("customer", "A", [("email", #""bob@x""#)], base: 1)], at: 5)
        let notices = try desk.notices("T1") + desk.notices("T2")
        #expect(notices.count == 2 && notices.allSatisfy { $0.contains("last-write-wins") && !$0.contains("@x") })
    }

    @Test func aSensitiveValueStandsInNoNotice() throws {
        let desk = try MergeDesk("  customer: {fields: {email: {sensitive: true}}}")
        try desk.merge("T1", [create("customer", "A", [("email", #""ann@x""#)])], at: -20)
        try desk.merge("T2", [create("customer", "A", [("email", #""bob@x""#)])], at: -10)
        let notices = try desk.notices("T1") + desk.notices("T2")
        #expect(notices.count == 2)
        #expect(!notices.contains { $0.contains("@x") })
    }
}
