import Foundation
import NightdropFormats
import Testing

/// What is shown of tills with which something is wrong.
@Suite struct RefusedTillTests {
    @Test func aRefusedBundleStandsWithItsTill() throws {
        let shop = try Workspace()
        try shop.openChain(tills: ["T01", "T02"])
        let quiet = try shop.succeed("terminals", "-C", "HQ", "--json").json()
        #expect(quiet.allSatisfy { $0["refused"] == .some(.null) })
        try FileManager.default.copyItem(atPath: shop.path + "/T01", toPath: shop.path + "/CLONE")
        for (node, id) in [("T01", "1"), ("CLONE", "X")] {
            try FileManager.default.createDirectory(
                atPath: "\(shop.path)/by-\(node)", withIntermediateDirectories: true)
            try shop.succeed(
                "record", "-C", node, input: #"{"entity":"sale","id":"\#(id)","action":"create","set":{"total":1}}"#)
            try shop.succeed("close", "-C", node, "--to", "by-\(node)")
        }
        try shop.succeed("merge", "by-T01", "-C", "HQ")
        #expect(try shop.run("merge", "by-CLONE", "-C", "HQ").status == 65)

        let status = try shop.succeed("status", "-C", "HQ").out
        #expect(status.contains("HQ: bundles of 1 till refused\n"), "\(status)")
        #expect(status.contains("the last bundle of T01 was refused at "), "\(status)")
        let text = try shop.succeed("terminals", "-C", "HQ").out
        #expect(text.contains("the last bundle of T01 was refused at ") && text.contains("fork: "), "\(text)")
        let rows = try shop.succeed("terminals", "-C", "HQ", "--json").json()
        #expect(rows.map { $0["terminal"]?.text } == ["T01", "T02"])
        #expect(rows.first?["refused"]?["reason"]?.text?.hasPrefix("fork: ") == true)
        #expect(rows.first?["refused"]?["at"]?.text?.hasPrefix("20") == true)
        #expect(rows.first?["alerts"]?.elements?.map { $0["alert"] } == ["refused"])
        #expect(rows.last?["refused"] == .some(.null))
    }

    /// What a till says to do about its damaged store is right.
    @Test func aDamagedStoreIsMovedAway() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.succeed(
            "record", "-C", "T01", input: #"{"entity":"sale","id":"1","action":"create","set":{"total":1}}"#)
        try shop.succeed("get", "sale", "-C", "T01")
        _ = try shop.bash("rm T01/store.sqlite-*")
        try shop.write("T01/store.sqlite", String(repeating: "no database ", count: 10_000))
        for command in ["get product TEA", "status", "record --csv none.csv --entity product --key code"] {
            let run = try shop.bash("touch none.csv; nightdrop \(command) -C T01")
            #expect(run.status == 74, "\(command)")
            #expect(run.err.contains("move T01/store.sqlite* away; the journal fills a new store"), "\(run.err)")
        }
        _ = try shop.bash("mkdir away && mv T01/store.sqlite* away")
        #expect(try shop.succeed("get", "sale", "1", "-C", "T01", "--json").document()["fields"] == ["total": 1])
        for node in ["T01", "HQ", "T01"] { try shop.succeed("exchange", "share", "-C", node) }
        let tea = try shop.succeed("get", "product", "TEA", "-C", "T01", "--json").document()
        #expect(tea["fields"]?["price"] == .number("2.55"))
        #expect(try shop.succeed("status", "-C", "T01", "--json").document()["totals"]?["pending"] == 0)
    }
}
