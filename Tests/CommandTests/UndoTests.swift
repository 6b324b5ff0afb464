import Foundation
import NightdropFormats
import Testing

/// `undo` at the command line.
@Suite struct UndoCommandTests {
    @Test func aBundleIsUndoneAndTheUndoToo() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.succeed(
            "record", "-C", "T01",
            input: """
                {"entity":"sale","id":"T01-1","action":"create","set":{"total":3.10}}
                {"entity":"product","id":"TEA","action":"update","set":{"price":9}}

                """)
        try shop.succeed("close", "-C", "T01", "--to", "share")
        try shop.succeed("merge", "-C", "HQ", "share")
        let name = try #require(try shop.names("share/to/HQ").first { $0.hasPrefix("T01") })
        func price() throws -> JSONValue? {
            try shop.succeed("get", "-C", "HQ", "product", "TEA", "--json").document()["fields"]?["price"]
        }

        let dry = try shop.succeed("undo", "-C", "HQ", "share/to/HQ/\(name)", "--dry-run", "--json").document()
        #expect(dry["dryRun"] == true && dry["undo"] == .null && dry["operations"] == 2 && dry["deleted"] == 1)
        #expect(try price() == .number("9"))
        #expect(try shop.run("undo", "-C", "HQ", name).status == 64, "nobody can be asked")
        let done = try shop.succeed("undo", "-C", "HQ", name, "--yes", "--by", "Clara", "--json").document()
        #expect(done["undo"] == "undo-000001" && done["facts"] == [["terminal": "T01", "count": 1]])
        #expect(try price() == .number("2.55"))
        #expect(try shop.succeed("get", "-C", "HQ", "sale", "T01-1", "--json").out == "")
        let again = try shop.succeed("undo", "-C", "HQ", name, "--yes").out
        #expect(again.contains("already undone by undo-000001"))

        try shop.succeed("return", "-C", "HQ", "--all", "--to", "share")
        try shop.succeed("import", "-C", "T01", "share")
        let notices = try shop.succeed("notices", "-C", "T01", "--json").json()
        #expect(notices.contains { $0["kind"] == "undo" && $0["id"] == "T01-1" })
        let events = try shop.succeed("log", "-C", "HQ", "--events", "--json").json()
        #expect(events.contains { $0["kind"] == "undo" && $0["details"]?["undo"] == "undo-000001" })

        let redone = try shop.succeed("undo", "-C", "HQ", "undo-000001", "--yes").out
        #expect(redone.hasPrefix("undo-000002: undid undo-000001: 1 record made again and 1 field set back"))
        #expect(try price() == .number("9"))
        let history = try shop.succeed("history", "-C", "HQ", "product", "TEA", "--json").json()
        #expect(history.map { $0["fields"]?.elements?.first?["after"] }.first == .number("9"))
        #expect(try shop.run("undo", "-C", "HQ", "nothing.nightdrop.tar", "--yes").status == 66)
        #expect(try shop.run("undo", "-C", "T01", name, "--yes").status == 64)
        #expect(try shop.succeed("verify", "--store", "-C", "HQ").out.hasPrefix("all adds up"))
    }

    /// Killed at any moment, an undo has not begun, or goes on when the node is opened next.
    @Test func anUndoThatIsKilledIsWholeAfterwards() throws {
        let shop = try Workspace()
        try shop.openChain()
        let lines = (0..<2000).map { #"{"entity":"product","id":"P\#($0)","action":"create","set":{"price":1}}"# }
        for part in 0..<2 {
            let commit = lines[(part * 1000)..<((part + 1) * 1000)].joined(separator: ",")
            try shop.succeed("record", "-C", "T01", input: "[\(commit)]\n")
        }
        try shop.succeed("close", "-C", "T01", "--to", "share")
        try shop.succeed("merge", "-C", "HQ", "share")
        let name = try #require(try shop.names("share/to/HQ").first { $0.hasPrefix("T01") })
        func products() throws -> Int {
            try shop.succeed("get", "-C", "HQ", "product", "--json").out.split(separator: "\n").count
        }
        for milliseconds in [300, 1000, 2000] {
            let process = shop.process(Workspace.executable, ["undo", "-C", "HQ", name, "--yes", "--quiet"])
            process.standardError = FileHandle.nullDevice
            try process.run()
            usleep(UInt32(milliseconds) * 1000)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect([1, 2001].contains(try products()))
        }
        try shop.succeed("undo", "-C", "HQ", name, "--yes")
        #expect(try products() == 1)
        #expect(try shop.succeed("undo", "-C", "HQ", "undo-000001", "--yes", "--json").document()["revived"] == 2000)
        #expect(try products() == 2001)
        #expect(try shop.succeed("verify", "--store", "-C", "HQ").out.hasPrefix("all adds up"))
    }
}
