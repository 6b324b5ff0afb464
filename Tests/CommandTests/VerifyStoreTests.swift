import Foundation
import NightdropFormats
import Testing

/// `verify --store` finds what does not add up.
@Suite struct VerifyStoreTests {
    /// A shop with stock, sales, a conflict and a closed day.
    private func shop() throws -> Workspace {
        let shop = try Workspace()
        try shop.openChain(tills: ["T01", "T02"])
        let stock = #"{"entity":"inventory","id":"TEA","action":"create","set":{"quantity":12.5}}"# + "\n"
        try shop.succeed("record", "-C", "HQ", input: stock)
        try shop.succeed("return", "--all", "--to", "share", "-C", "HQ")
        for till in ["T01", "T02"] {
            try shop.succeed("import", "-C", till, "share")
            try shop.succeed(
                "record", "-C", till,
                input: """
                    [{"entity":"sale","id":"\(till)-1","action":"create","set":{"total":5.10}},{"entity":"inventory","id":"TEA","action":"update","add":{"quantity":-2}}]
                    {"entity":"product","id":"TEA","action":"update","set":{"price":2.9}}

                    """)
            try shop.succeed("close", "-C", till, "--day", "2026-11-20", "--to", "share")
        }
        try shop.succeed("merge", "-C", "HQ", "share")
        return shop
    }

    private func problems(_ shop: Workspace) throws -> [JSONValue] {
        let run = try shop.run("verify", "--store", "-C", "HQ", "--json")
        let answer = try run.document()
        let problems = try #require(answer["problems"]?.elements)
        #expect(run.status == (problems.isEmpty ? 0 : 65), "\(run.err)")
        return problems
    }

    private func sqlite(_ shop: Workspace, _ sql: String) throws {
        let run = try shop.bash("sqlite3 HQ/store.sqlite \"\(sql)\"")
        try #require(run.status == 0, "\(run.err)")
    }

    @Test func aSoundStoreAddsUp() throws {
        let shop = try shop()
        #expect(try problems(shop) == [])
        let answer = try shop.succeed("verify", "--store", "-C", "HQ", "--json").document()
        #expect(answer["changes"] == 8 && answer["days"] == 2 && answer["counters"] == 1)
        #expect(try shop.succeed("verify", "--store", "-C", "HQ").out.hasPrefix("all adds up\n"))
        #expect(try shop.run("verify", "--store", "-C", "T01").status == 64)
        #expect(try shop.run("verify", "--store", "share").status == 64)
    }

    @Test func aBalanceChangedByHandIsFound() throws {
        let shop = try shop()
        try sqlite(shop, "UPDATE _record SET data = replace(data, '8.5', '9.5') WHERE id = 'TEA'")
        let problem = try #require(try problems(shop).first)
        #expect(problem["kind"] == "counter" && problem["entity"] == "inventory" && problem["id"] == "TEA")
        #expect(problem["field"] == "quantity" && problem["expected"] == "8.5" && problem["found"] == "9.5")
        let words = try shop.run("verify", "--store", "-C", "HQ")
        #expect(words.status == 65 && words.out.contains("quantity is 9.5, its operations add up to 8.5"))
    }

    @Test(arguments: [
        ("DELETE FROM _change WHERE csn = 4", "log"),
        ("UPDATE _change SET previous = NULL WHERE csn = (SELECT max(csn) FROM _change)", "log"),
        ("UPDATE _record SET head = 1 WHERE id = 'TEA'", "log"),
        ("DELETE FROM _merge WHERE csn > 2", "log"),
        ("UPDATE _change SET offset = offset + 1 WHERE csn = 4", "archive"),
        ("UPDATE _segment SET hash = 'sha256:' || printf('%064d', 1) WHERE file IS NOT NULL", "archive"),
        ("UPDATE _journal SET seq = seq + 1, operations = operations + 1", "journal"),
        ("UPDATE _journal SET totals = replace(totals, '5.10', '5.20')", "journal"),
        ("UPDATE _day SET found = replace(found, '5.10', '5.20')", "day"),
        ("DELETE FROM _day WHERE node = 'T01'", "day"),
    ])
    func whatWasChangedByHandIsFound(_ sql: String, _ kind: String) throws {
        let shop = try shop()
        try sqlite(shop, sql)
        let kinds = try problems(shop).map { $0["kind"]?.text }
        #expect(kinds.contains(kind), "\(kinds)")
    }

    @Test func aByteOfTheArchiveThatFlippedIsFound() throws {
        let shop = try shop()
        let file = try #require(try shop.names("HQ/archive/T02").first { $0.hasSuffix(".jsonl.gz") })
        var bytes = try shop.read("HQ/archive/T02/\(file)")
        bytes[bytes.count / 2] ^= 0x20
        try shop.write("HQ/archive/T02/\(file)", bytes)
        #expect(try problems(shop).contains { $0["kind"] == "archive" })
    }

    @Test func aFieldThatBecameACounterIsCheckedForNewRecordsOnly() throws {
        let shop = try Workspace()
        try shop.succeed("init", "central", "-C", "HQ", "--organisation", "Corner Shops")
        func policy(_ version: Int, _ rule: String) throws {
            try shop.write(
                "policy\(version).yaml",
                """
                version: \(version)
                organisation: Corner Shops
                entities:
                  tank: {fields: {litres: {type: integer\(rule)}}}
                """)
            try shop.succeed("policy", "use", "policy\(version).yaml", "-C", "HQ")
        }
        func record(_ lines: String...) throws {
            try shop.succeed("record", "-C", "HQ", input: lines.map { $0 + "\n" }.joined())
        }
        try policy(7, "")
        try record(
            #"{"entity":"tank","id":"old","action":"create","set":{"litres":5}}"#,
            #"{"entity":"tank","id":"old","action":"update","set":{"litres":9},"was":{"litres":1}}"#)
        try policy(8, ", merge: counter")
        try record(
            #"{"entity":"tank","id":"old","action":"update","add":{"litres":1}}"#,
            #"{"entity":"tank","id":"new","action":"create","set":{"litres":5}}"#,
            #"{"entity":"tank","id":"new","action":"update","set":{"litres":2}}"#)
        let answer = try shop.succeed("verify", "--store", "-C", "HQ", "--json").document()
        #expect(answer["counters"] == 1 && answer["unproven"] == 1 && answer["problems"] == [])
    }
}
