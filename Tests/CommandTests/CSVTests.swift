import Foundation
import NightdropFormats
import Testing

/// `record --csv` records what differs, and nothing else.
@Suite struct CSVTests {
    private func importing(_ text: String, into shop: Workspace, entity: String = "product") throws -> CommandRun {
        try shop.write("list.csv", text)
        return try shop.run("record", "-C", "T01", "--csv", "list.csv", "--entity", entity, "--key", "code", "--json")
    }

    private func counts(_ new: Int64, _ changed: Int64, _ unchanged: Int64) -> JSONValue {
        ["new": .integer(new), "changed": .integer(changed), "unchanged": .integer(unchanged)]
    }

    @Test func onlyDifferencesAreRecorded() throws {
        let shop = try Workspace()
        try shop.openChain()
        let first = "\u{FEFF}code,name,price\r\nTEA,Tea,2.550\r\nBUN,\"Bun, \"\"sweet\"\"\nfresh\",1.20\r\n"
        #expect(try importing(first, into: shop).document() == counts(1, 0, 1))
        let bun = try shop.succeed("get", "-C", "T01", "product", "BUN", "--json").document()
        #expect(bun["fields"] == ["name": "Bun, \"sweet\"\nfresh", "price": .number("1.20")])

        #expect(try importing(first, into: shop).document() == counts(0, 0, 2))
        let second = "code,price\nTEA,2.60\nBUN,1.2\n"
        #expect(try importing(second, into: shop).document() == counts(0, 1, 1))
        let operations = try shop.bash("nightdrop cat T01/journal/*/").json()
        #expect(operations.count == 2)
        #expect(operations.last?["set"] == ["price": .number("2.60")])
        #expect(operations.last?["was"] == ["price": .number("2.55")])
    }

    @Test func emptyCellsMeanNoValue() throws {
        let shop = try Workspace()
        try shop.openChain()
        #expect(try importing("code,name,price\nTEA,Tea,\nNEW,,3\n", into: shop).document() == counts(1, 1, 0))
        let tea = try shop.succeed("get", "-C", "T01", "product", "TEA", "--json").document()
        #expect(tea["fields"]?["price"] == .some(.null))
        let new = try shop.succeed("get", "-C", "T01", "product", "NEW", "--json").document()
        #expect(new["fields"] == ["price": 3])
    }

    @Test func anUndeclaredColumnKeepsItsKind() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.succeed(
            "record", "-C", "T01",
            input: #"{"entity":"shelf","id":"A","action":"create","set":{"height":10,"label":"10"}}"#)
        #expect(
            try importing("code,height,label\nA,10.0,10\nB,12,12\n", into: shop, entity: "shelf").document()
                == counts(1, 0, 1))
        let new = try shop.succeed("get", "-C", "T01", "shelf", "B", "--json").document()
        #expect(new["fields"] == ["height": "12", "label": "12"])
    }

    /// Else the last row won, and every import of the same file changed the record twice.
    @Test func twoRowsOfOneIdThatDifferAreRefused() throws {
        let shop = try Workspace()
        try shop.openChain()
        let rows = (1...1200).map { "P\($0),\($0)\n" }.joined()
        let text = "code,price\n\(rows)P7,8\n"
        let run = try importing(text, into: shop)
        #expect(run.status == 65)
        #expect(run.err.contains("list.csv, line 1202: code P7 stands on line 8 already"), "\(run.err)")
        let piped = try shop.bash("cat list.csv | nightdrop record -C T01 --csv - --entity product --key code")
        #expect(piped.status == 65)
        #expect(piped.err.contains("standard input, line 1202: code P7 stands on line 8 already"), "\(piped.err)")
        #expect(try shop.bash("nightdrop cat T01/journal/*/").out.isEmpty)
    }

    @Test func aRowThatStandsThereTwiceCountsOnce() throws {
        let shop = try Workspace()
        try shop.openChain()
        #expect(try importing("code,price\nX,1\nY,2\nX,1\n", into: shop).document() == counts(2, 0, 1))
        let piped = try shop.bash("cat list.csv | nightdrop record -C T01 --csv - --entity product --key code --json")
        #expect(try piped.document() == counts(0, 0, 3))
        #expect(try shop.bash("nightdrop cat T01/journal/*/").json().count == 2)
    }

    @Test(arguments: [
        ("code,price\nTEA,cheap\n", "line 2: column price: \"cheap\" is not a number"),
        ("code,price\nTEA,1,2\n", "line 2: the row has 3 cells, the header 2"),
        ("code,name\nTEA,\"open\n", "line 2: a quote is not closed"),
        ("id,price\nTEA,1\n", "there is no column \"code\""), ("code,a,a\n", "a column stands twice"),
        ("", "the file is empty"), ("code,price\n,1\n", "line 2: the id in column code"),
    ])
    func aFileThatIsWrong(_ text: String, _ problem: String) throws {
        let shop = try Workspace()
        try shop.openChain()
        let run = try importing(text, into: shop)
        #expect(run.status == 65)
        #expect(run.err.contains(problem), "\(run.err)")
    }

    @Test func moreRowsThanATransactionHolds() throws {
        let shop = try Workspace()
        try shop.openChain(tills: [])
        let rows = (1...2500).map { "P\($0),\($0)" }.joined(separator: "\n")
        try shop.write("list.csv", "code,price\n\(rows)")
        let run = try shop.succeed(
            "record", "-C", "HQ", "--csv", "list.csv", "--entity", "product", "--key", "code", "--json")
        #expect(try run.document() == counts(2500, 0, 0))
        let transactions = try shop.bash("nightdrop cat HQ/journal/*/").json().compactMap {
            $0["tx"]?.elements?.last?.integer
        }
        #expect(Set(transactions) == [1000, 500])
    }
}
