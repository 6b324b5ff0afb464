import NightdropFormats
import Testing

/// A day of one head office and two tills, through the command line alone.
@Suite struct DayTests {
    @Test func aDayFromEnrollmentToTheReturn() throws {
        let shop = try Workspace()
        let central = try shop.succeed(
            "init", "central", "-C", "HQ", "--organisation", "Corner Shops", "--json"
        ).document()
        #expect(central.keys == ["node", "fingerprint"])
        let fingerprint = try #require(central["fingerprint"]?.text)
        try shop.succeed(
            "record", "-C", "HQ", input: #"{"entity":"product","id":"TEA","action":"create","set":{"price":2.55}}"#)
        _ = try shop.bash("mkdir share")

        for till in ["T01", "T02"] {
            let request = try shop.succeed(
                "init", "terminal", "-C", till, "--id", till, "--store", "S1", "--central", fingerprint, "--request",
                "\(till).request", "--json"
            ).document()
            #expect(request == ["request": .string("\(till).request")])
            let grant = try shop.succeed(
                "enroll", "-C", "HQ", "\(till).request", "--yes", "--to", "share", "--json"
            ).document()
            #expect(grant.keys == ["terminal", "grant"])
            let taken = try shop.succeed("import", "-C", till, try #require(grant["grant"]?.text), "--json").document()
            #expect(taken.keys == ["bundles", "csn", "returns"])
            #expect(taken["bundles"]?.elements?.first?["outcome"] == "merged")
            let record = try shop.succeed("get", "-C", till, "product", "TEA", "--json").document()
            #expect(record.keys == ["entity", "id", "base", "fields"])
            #expect(record["fields"] == ["price": .number("2.55")])
        }

        try sell(shop)
        try closeAndMerge(shop)
        try review(shop)
    }

    @Test func aDayThatNobodyClosedIsNotCalledClosed() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.succeed("close", "-C", "T01", "--day", "2025-11-20", "--to", "share")
        let future = try shop.succeed("close", "-C", "T01", "--day", "9026-11-20", "--force", "--to", "share")
        #expect(future.err.contains("9026-11-20 is in the future"), "\(future.err)")
        try shop.succeed("merge", "share", "-C", "HQ")
        let days = try shop.succeed("days", "-C", "HQ").out
        #expect(days.contains("the only till closed all 2 business days from 2025-11-20 to 9026-11-20"), "\(days)")
    }

    /// A closed day cannot be opened again, so a slip of the pen must not close one.
    @Test func aDayFarAheadIsNotClosed() throws {
        let shop = try Workspace()
        try shop.openChain()
        for slip in ["2062-11-20", "9999-12-31"] {
            let run = try shop.run("close", "-C", "T01", "--day", slip, "--to", "share")
            #expect(run.status == 65)
            #expect(run.err.contains("\(slip) is too far ahead") && run.err.contains("--force"), "\(run.err)")
        }
        #expect(try shop.bash("zcat T01/journal/*/*.jsonl.gz | grep -c '\"close\":{'").out == "0\n")
        for day in ["tomorrow", "yesterday"] {
            let run = try shop.bash("nightdrop close -C T01 --day $(date -d \(day) +%F) --to share")
            #expect(run.status == 0, "\(run.err)")
        }
        let later = try shop.bash("nightdrop close -C T01 --day $(date -d '2 days' +%F)")
        #expect(later.status == 65)
    }

    @Test func aTillSaysWhoseItIsWhenItTakesItsGrantIn() throws {
        let shop = try Workspace()
        try shop.openChain(tills: [])
        let keys = try shop.succeed("keys", "list", "-C", "HQ", "--json").json()
        let fingerprint = try #require(keys.first?["key"]?.text)
        try shop.succeed("init", "terminal", "-C", "T01", "--id", "T01", "--store", "S1", "--request", "T01.request")
        try shop.succeed("enroll", "-C", "HQ", "T01.request", "--yes", "--to", "share")
        let first = try shop.succeed("import", "share", "-C", "T01", "--json")
        #expect(first.err.contains("this till belongs to head office HQ of Corner Shops now"), "\(first.err)")
        #expect(first.err.contains(fingerprint), "\(first.err)")
        #expect(try shop.succeed("import", "share", "-C", "T01").err == "")
    }

    /// A sale at each till, and two prices for one product.
    private func sell(_ shop: Workspace) throws {
        let sale = try shop.succeed(
            "record", "-C", "T01", "--json",
            input: """
                [{"entity":"sale","id":"T01-1","action":"create","set":{"total":5.10}},\
                {"entity":"payment","id":"T01-1","action":"create","set":{"amount":5.10}}]
                {"entity":"product","id":"TEA","action":"update","set":{"price":2.40},"by":"manager"}

                """)
        #expect(try sale.json() == [["first": 1, "last": 2], ["first": 3, "last": 3]])
        try shop.succeed(
            "record", "-C", "T02", input: #"{"entity":"sale","id":"T02-1","action":"create","set":{"total":1.00}}"#)
        try shop.succeed(
            "record", "-C", "HQ", input: #"{"entity":"product","id":"TEA","action":"update","set":{"price":2.70}}"#)
        let status = try shop.succeed("status", "-C", "T01", "--json").document()
        #expect(status["totals"]?["pending"] == 3)
        #expect(status["tables"]?["sale"]?["pending"] == 1)
    }

    private func closeAndMerge(_ shop: Workspace) throws {
        let closed = try shop.succeed("close", "-C", "T01", "--day", "2026-11-20", "--to", "share", "--json").document()
        #expect(closed.keys == ["bundle", "first", "last", "operations", "days"])
        #expect(closed["operations"] == 3)
        let day = try #require(closed["days"]?.elements?.last)
        #expect(day.keys == ["day", "totals"])
        #expect(day["totals"]?["sale"] == ["creates": 1, "sum": .number("5.10")])

        let merged = try shop.succeed("merge", "-C", "HQ", "share", "--return", "share", "--json").document()
        #expect(merged.keys == ["bundles", "csn", "returns"])
        let bundle = try #require(merged["bundles"]?.elements?.first { $0["from"] == "T01" })
        #expect(bundle.keys == ["file", "from", "outcome", "reason", "operations", "conflicts"])
        #expect(bundle["outcome"] == "merged")
        #expect(bundle["operations"] == ["total": 3, "new": 3, "known": 0])
        #expect(bundle["conflicts"] == 1)
        #expect(merged["returns"]?.elements?.first?.keys == ["terminal", "file"])

        let open = try shop.succeed("days", "-C", "HQ", "--through", "2026-11-20", "--json").json()
        #expect(open.first { $0["terminal"] == "T01" }?["agrees"] == true)
        try shop.succeed("close", "-C", "T02", "--day", "2026-11-20", "--to", "share")
        let second = try shop.succeed("merge", "-C", "HQ", "share", "--return", "share", "--json").document()
        #expect(second["bundles"]?.elements?.first { $0["from"] == "T01" }?["outcome"] == "known")
        let answer = try shop.succeed("days", "-C", "HQ", "--through", "2026-11-20").out
        #expect(answer.hasSuffix("all 2 tills closed 2026-11-20 and their totals agree\n"), "\(answer)")
    }

    /// The rule took head office's price; a person decides otherwise, and both tills learn it.
    private func review(_ shop: Workspace) throws {
        let conflict = try shop.succeed("conflicts", "-C", "HQ", "--all", "--json").document()
        #expect(
            conflict.keys == [
                "conflict", "kind", "entity", "id", "field", "base", "central", "incoming", "rule", "decided", "state",
            ])
        #expect(conflict["central"] == .number("2.70"))
        #expect(conflict["incoming"] == .number("2.40"))
        #expect(conflict["decided"] == .number("2.70"))
        #expect(conflict["state"] == "decided")
        #expect(try shop.succeed("conflicts", "-C", "HQ", "--json").out == "")

        try shop.succeed("conflicts", "resolve", "1", "--take", "incoming", "--by", "Clara", "-C", "HQ")
        let shown = try shop.succeed("conflicts", "show", "1", "-C", "HQ", "--json").document()
        #expect(shown["decidedBy"] == "Clara")
        try shop.succeed("return", "-C", "HQ", "--all", "--to", "share")
        for till in ["T01", "T02"] {
            try shop.succeed("import", "-C", till, "share")
            let record = try shop.succeed("get", "-C", till, "product", "TEA", "--json").document()
            #expect(record["fields"]?["price"] == .number("2.40"))
            let status = try shop.succeed("status", "-C", till, "--json").document()
            #expect(status["totals"]?["pending"] == 0)
        }
        let notices = try shop.succeed("notices", "-C", "T01", "--json").json()
        #expect(notices.contains { $0["entity"] == "product" && $0["id"] == "TEA" })

        let history = try shop.succeed("history", "-C", "HQ", "product", "TEA", "--json").json()
        #expect(
            history.map { $0["set"]?["price"] } == [.number("2.40"), .number("2.40"), .number("2.70"), .number("2.55")])
        #expect(history.first?["by"] == "Clara")
        #expect(try shop.succeed("terminals", "-C", "HQ", "--json").json().map { $0["terminal"] } == ["T01", "T02"])
        let events = try shop.succeed("log", "-C", "HQ", "--json").json()
        #expect(events.contains { $0["kind"] == "merge" && $0["node"] == "T02" })
    }
}
