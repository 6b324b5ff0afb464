import NightdropFormats
import Testing

/// Looking at a merge before it happens, through the command line.
@Suite struct PreviewTests {
    private func shop() throws -> Workspace {
        let shop = try Workspace()
        try shop.openChain()
        try shop.succeed(
            "record", "-C", "T01",
            input: """
                {"entity":"sale","id":"1","action":"create","set":{"total":5.10}}
                {"entity":"product","id":"TEA","action":"update","set":{"price":2.40}}

                """)
        try shop.succeed(
            "record", "-C", "HQ", input: #"{"entity":"product","id":"TEA","action":"update","set":{"price":2.70}}"#)
        try shop.succeed("close", "-C", "T01", "--to", "share")
        return shop
    }

    @Test func aDryRunSaysWhatWouldHappen() throws {
        let shop = try shop()
        let text = try shop.succeed("merge", "share", "--dry-run", "-C", "HQ").out
        for part in [
            #/would merge \S+: 2 new of 2 operations, 1 conflict\n/#, #/sale +1 +0 +0 +0\n/#, #/product +0 +0 +0 +1\n/#,
            #/sale, sum +0 +5\.10\n/#, #/field +product TEA +price +2\.55 +2\.70 +2\.40 +T01 +2\.70 +central-wins\n/#,
            #/nothing was changed\n$/#,
        ] {
            #expect(try part.firstMatch(in: text) != nil, "\(text)")
        }
        #expect(try shop.names("share/to").contains("T01"))
        #expect(try shop.succeed("conflicts", "--all", "--json", "-C", "HQ").out == "")
        #expect(try shop.succeed("get", "sale", "-C", "HQ", "--json").out == "")
        let json = try shop.succeed("merge", "share", "--dry-run", "--json", "-C", "HQ").document()
        #expect(
            json.keys == [
                "nightdrop", "node", "made", "cursor", "journal", "policy", "bundles", "csn", "entities",
                "controlTotals", "counters", "conflicts", "settled", "outcome",
            ])
        #expect(json["entities"]?["sale"] == ["new": 1, "known": 0, "fastForward": 0, "conflicting": 0])
        #expect(json["conflicts"]?.elements?.first?["incoming"] == .number("2.40"))
    }

    @Test func aPlanIsMadeAndCarriedOut() throws {
        let shop = try shop()
        let made = try shop.succeed("merge", "share", "--plan", "evening.json", "-C", "HQ").out
        #expect(made.hasSuffix("do exactly this with: nightdrop merge --apply evening.json\n"))
        let plan = try JSONValue.parse([UInt8](shop.read("evening.json")))
        let merged = try shop.succeed(
            "merge", "--apply", "evening.json", "--return", "share", "--json", "-C", "HQ"
        ).document()
        #expect(merged.keys == ["bundles", "csn", "returns"])
        #expect(merged["csn"] == plan["csn"])
        #expect(merged["returns"]?.elements?.count == 1)
        let conflict = try shop.succeed("conflicts", "show", "1", "--json", "-C", "HQ").document()
        #expect(plan["conflicts"]?.elements?.first?["decided"] == conflict["decided"])
        let again = try shop.run("merge", "--apply", "evening.json", "-C", "HQ")
        #expect(again.status == 75)
        #expect(again.err.contains("the store has moved since the plan was made"))
    }

    @Test func statuses() throws {
        let shop = try shop()
        try shop.write("broken.nightdrop.tar", String(repeating: "no bundle ", count: 200))
        #expect(try shop.run("merge", "broken.nightdrop.tar", "--dry-run", "-C", "HQ").status == 65)
        #expect(try shop.names("HQ/quarantine").isEmpty)
        try shop.write("plan.json", "{}")
        #expect(try shop.run("merge", "--apply", "plan.json", "-C", "HQ").status == 65)
        #expect(try shop.run("merge", "--apply", "none.json", "-C", "HQ").status == 66)
        #expect(try shop.run("merge", "none", "--dry-run", "-C", "HQ").status == 66)
    }

    @Test(arguments: [
        "", "share --dry-run --plan x", "share --apply x", "share --dry-run --return share", "--dry-run",
        "share --plan x --return share",
    ])
    func wrongUse(_ arguments: String) throws {
        #expect(try Workspace().bash("nightdrop merge -C HQ " + arguments).status == 64)
    }
}
