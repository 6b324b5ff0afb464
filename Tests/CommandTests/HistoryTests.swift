import Foundation
import NightdropFormats
import Testing

/// `history` and `log` at the command line.
@Suite struct HistoryCommandTests {
    @Test func theHistoryOfAPriceIsTold() throws {
        let shop = try Workspace()
        try shop.openChain()
        let change = #"{"entity":"product","id":"TEA","action":"update","set":{"price":3.10},"by":"Ann"}"# + "\n"
        try shop.succeed("record", "-C", "T01", input: change)
        try shop.succeed("close", "-C", "T01", "--to", "share")
        try shop.succeed("merge", "-C", "HQ", "share")

        let history = try shop.succeed("history", "-C", "HQ", "product", "TEA", "--json").json()
        let latest = try #require(history.first)
        #expect(latest["by"] == "Ann" && latest["outcome"] == "applied" && latest["conflict"] == .null)
        #expect(
            latest["fields"] == [
                [
                    "field": "price", "before": .number("2.55"), "after": .number("3.10"), "outcome": "applied",
                    "conflict": .null,
                ]
            ])
        #expect(latest["bundle"]?.text?.hasPrefix("T01-") == true)
        let words = try shop.succeed("history", "-C", "HQ", "product", "TEA").out
        #expect(words.contains("price = 3.10 (was 2.55)"))

        let then = try shop.succeed("history", "-C", "HQ", "product", "TEA", "--at", "1", "--json").document()
        #expect(then["fields"]?["price"] == .number("2.55") && then["lives"] == true && then["csn"] == 1)
        #expect(try shop.succeed("history", "-C", "HQ", "product", "TEA", "--at", "2001-01-01", "--json").out == "")
        let now = try shop.succeed("history", "-C", "HQ", "product", "TEA", "--at", "2999-01-01T00:00Z", "--json")
        #expect(try now.document()["fields"]?["price"] == .number("3.10"))
        #expect(try shop.run("history", "-C", "HQ", "product", "TEA", "--at", "yesterday").status == 64)
    }

    @Test func aRecordOfAStoreIsAskedForWithItsStore() throws {
        let shop = try Workspace()
        try shop.openChain(tills: [])
        let table = #"{"entity":"table","id":"4","action":"create","store":"S1","set":{"state":"free"}}"#
        try shop.succeed("record", "-C", "HQ", input: table)
        for option in ["--limit", "--at"] {
            let run = try shop.run("history", "table", "4", "-C", "HQ", option, "9")
            #expect(run.status == 64)
            #expect(run.err.contains("each table belongs to a store: say which with --store"), "\(run.err)")
        }
        let history = try shop.succeed("history", "table", "4", "--store", "S1", "-C", "HQ").out
        #expect(history.contains("state = free"), "\(history)")
    }

    @Test func theLogIsFiltered() throws {
        let shop = try Workspace()
        try shop.openChain()
        let sale = #"{"entity":"sale","id":"T01-1","action":"create","set":{"total":3.10}}"# + "\n"
        try shop.succeed("record", "-C", "T01", input: sale)
        try shop.succeed("close", "-C", "T01", "--to", "share")
        try shop.succeed("merge", "-C", "HQ", "share")
        let sales = try shop.succeed("log", "-C", "HQ", "--entity", "sale", "--json").document()
        #expect(sales["kind"] == "change" && sales["id"] == "T01-1" && sales["node"] == "T01" && sales["seq"] == 1)
        #expect(sales["outcome"] == "applied")
        #expect(sales["fields"]?.elements?.first?["after"] == .number("3.10"))
        #expect(try shop.succeed("log", "-C", "HQ", "--entity", "sale").out.hasSuffix(": total = 3.10, applied\n"))
        let ofTill = try shop.succeed("log", "-C", "HQ", "--terminal", "T01", "--json").json()
        #expect(ofTill.map { $0["kind"]?.text } == ["enroll", "change", "merge"])
        let events = try shop.succeed("log", "-C", "HQ", "--events", "--limit", "1").out
        #expect(events.contains("merge") && events.split(separator: "\n").count == 1)
        #expect(try shop.succeed("log", "-C", "HQ", "--since", "2999-01-01").out == "nothing has happened yet\n")
        #expect(try shop.run("log", "-C", "HQ", "--events", "--entity", "sale").status == 64)
    }
}
