import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import Testing

@Suite("What a terminal fills in and refuses")
struct RulesTests {
    private let folder: TestFolder
    private let terminal: Terminal

    init() throws {
        folder = try TestFolder()
        terminal = try HeadOffice.enrolled(
            folder,
            [
                #"{"entity":"product","id":"p1","csn":3,"lives":true,"set":{"price":2.55,"name":"tea"}}"#,
                #"{"entity":"product","id":"dead","csn":4,"lives":false,"set":{"price":9}}"#,
                #"{"entity":"inventory","id":"p1","csn":5,"lives":true,"set":{"quantity":7}}"#,
                #"{"entity":"inventory","id":"dead","csn":6,"lives":false,"set":{"quantity":4}}"#,
                #"{"entity":"table","id":"t1","store":"S1","csn":7,"lives":true,"set":{"seats":4}}"#,
            ]
        ).terminal
    }

    private func recorded(_ draft: OperationDraft) throws -> JSONValue {
        try operation(folder("T07"), Int(terminal.record(draft).last))
    }

    private func refusal(_ draft: OperationDraft) throws -> NightdropError.Kind? {
        let before = try journalLines(folder("T07")).count
        do { _ = try terminal.record(draft) } catch {
            try #expect(journalLines(folder("T07")).count == before)
            return (error as? NightdropError)?.kind
        }
        return nil
    }

    @Test func baseIsTheCursorForWhatCentralKeepsUpToDate() throws {
        let update = try recorded(.update("product", "p1", [field("price", "2.95")]))
        #expect(update["base"]?.integer == 10)
        #expect(update["was"]?.compact == #"{"price":2.55}"#)
        try #expect(terminal.get("product", "p1")?.base == 10)
        try #expect(recorded(.update("product", "p1", [field("price", "3")], base: 4))["base"]?.integer == 4)
        let ownStore = try recorded(.update("table", "t1", [field("seats", "6")]))
        #expect(ownStore["base"]?.integer == 10)
        #expect(ownStore["store"] == nil)
        try #expect(terminal.get("table", "t1")?.store == "S1")
    }

    @Test func baseIsAbsentWhereThereIsNoCopy() throws {
        try #expect(recorded(.create("sale", "s1", [field("total", "5")]))["base"] == nil)
        try #expect(recorded(.update("sale", "s1", [field("total", "6")], base: 3))["base"] == nil)
        try #expect(recorded(.create("product", "p2", [field("price", "1")]))["base"] == nil)
        try #expect(recorded(.update("product", "p2", [field("price", "2")], base: 3))["base"] == nil)
        try #expect(terminal.get("sale", "s1")?.base == nil)
        try #expect(terminal.get("product", "p2")?.base == nil)
    }

    @Test func aCreateHasABaseOnlyOverATombstone() throws {
        let again = try recorded(.create("product", "dead", [field("price", "1")]))
        #expect(again["base"]?.integer == 10)
        #expect(again["was"] == nil)
    }

    @Test func aBaseAheadOfTheCursorIsRefused() throws {
        try #expect(refusal(.update("product", "p1", [field("price", "3")], base: 11)) == .refused)
    }

    @Test func countersBecomeIncrements() throws {
        let set = try recorded(.update("inventory", "p1", [field("quantity", "5")]))
        #expect(set["add"]?.compact == #"{"quantity":-2}"#)
        #expect(set["set"] == nil)
        #expect(set["was"] == nil)
        try #expect(terminal.get("inventory", "p1")?.values == ["quantity": "5"])
        var known = OperationDraft.update("inventory", "p1", [field("quantity", "5")])
        known.was = [field("quantity", "4.5")]
        try #expect(recorded(known)["add"]?.compact == #"{"quantity":0.5}"#)
        try #expect(terminal.get("inventory", "p1")?.values == ["quantity": "5.5"])
        try #expect(
            recorded(.create("inventory", "new", [field("quantity", "3")]))["add"]?.compact == #"{"quantity":3}"#)
        let revived = try recorded(.create("inventory", "dead", [field("quantity", "10")]))
        #expect(revived["add"]?.compact == #"{"quantity":6}"#)
        try #expect(terminal.get("inventory", "dead")?.values == ["quantity": "10"])
    }

    @Test func aDeleteHoldsTheControlTotal() throws {
        try #expect(recorded(.delete("inventory", "p1"))["was"]?.compact == #"{"quantity":7}"#)
        try #expect(recorded(.delete("product", "p1"))["was"] == nil)
    }

    @Test(arguments: [
        OperationDraft.update("product", "p1", [field("name", #""far too long""#)]),
        .create("product", "p1"), .update("product", "nobody", [field("price", "1")]), .delete("product", "dead"),
        .create("tax", "vat", [field("rate", "19")]), .create("setting", "x"),
        .update("inventory", "p1", [field("quantity", #""many""#)]), .create("Product", "p9"),
    ])
    func masterDataThatBreaksARuleIsRefused(_ draft: OperationDraft) throws {
        try #expect(refusal(draft) == .refused)
    }

    @Test func factsAreRecordedWithTheirFaults() throws {
        try #expect(terminal.record(.create("sale", "s1", [field("total", "5")])).faults.isEmpty)
        try #expect(terminal.record(.create("sale", "s2")).faults.count == 1)
        try #expect(terminal.record(.create("sale", "s1", [field("total", "6")])).faults.count == 1)
        try #expect(terminal.record(.update("sale", "unknown", [field("total", "6")])).faults.count == 1)
        try #expect(journalLines(folder("T07")).count == 4)
    }
}
