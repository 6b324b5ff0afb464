import Foundation
import NightdropFormats
import Testing

/// `init central --restored` at the command line.
@Suite struct RestoreCommandTests {
    @Test func aBackupTakesHeadOfficesPlace() throws {
        let shop = try Workspace()
        try shop.openChain()
        #expect(try shop.bash("cd \(shop.path) && cp -r HQ backup").status == 0)
        let price = #"{"entity":"product","id":"TEA","action":"update","set":{"price":3.10}}"#
        try shop.succeed("record", "-C", "HQ", input: price + "\n")
        let sold = #"{"entity":"sale","id":"T01-1","action":"create","set":{"total":3.10}}"#
        try shop.succeed("record", "-C", "T01", input: sold + "\n")
        try shop.succeed("exchange", "-C", "T01", "share")
        try shop.succeed("exchange", "-C", "HQ", "share")
        try shop.succeed("exchange", "-C", "T01", "share")

        #expect(try shop.bash("cd \(shop.path) && rm -r HQ && mv backup HQ").status == 0)
        let declared = try shop.succeed("init", "central", "--restored", "-C", "HQ", "--json").document()
        #expect(declared["node"] == "HQ" && declared["new"] == true)
        let again = try shop.succeed("init", "central", "--restored", "-C", "HQ").out
        #expect(again.contains("nothing to do"))
        #expect(try shop.run("init", "central", "--restored", "--organisation", "X", "-C", "HQ").status == 64)
        #expect(try shop.run("init", "central", "--restored", "-C", "T01").status == 64)
        #expect(try shop.run("init", "central", "--restored", "-C", "nowhere").status == 66)

        _ = try shop.run("exchange", "-C", "HQ", "share")
        for node in ["T01", "HQ", "T01", "HQ"] { _ = try shop.run("exchange", "-C", node, "share") }
        let sale = try shop.succeed("get", "-C", "HQ", "sale", "T01-1", "--json").document()
        #expect(sale["fields"]?["total"] == .number("3.10"))
        let lost = try shop.succeed("conflicts", "-C", "HQ", "--json").json()
        #expect(lost.map { $0["kind"] } == ["lost"])
        #expect(lost.first?["central"] == .number("2.55") && lost.first?["incoming"] == .number("3.10"))
        let number = try #require(lost.first?["conflict"]?.integer)
        try shop.succeed("conflicts", "resolve", "\(number)", "--take", "incoming", "-C", "HQ")
        try shop.succeed("exchange", "-C", "HQ", "share")
        try shop.succeed("exchange", "-C", "T01", "share")
        let tea = try shop.succeed("get", "-C", "T01", "product", "TEA", "--json").document()
        #expect(tea["fields"]?["price"] == .number("3.10"))
        let events = try shop.succeed("log", "-C", "HQ", "--events", "--json").json()
        #expect(events.contains { $0["kind"] == "restored" } && events.contains { $0["kind"] == "lost" })
        #expect(try shop.succeed("verify", "--store", "-C", "HQ").out.hasPrefix("all adds up"))
        // What the tills keep is readable, too.
        let look = "nightdrop inspect T01/archive/returned/*.tar && nightdrop cat T01/archive/returned/*.tar"
        let looked = try shop.bash("cd \(shop.path) && \(look)")
        #expect(looked.status == 0 && looked.out.contains(#""set":{"price":3.10}"#))
    }
}
