import Foundation
import NightdropFormats
import Testing

/// A stick that goes round, through the command line alone.
@Suite struct ExchangeTests {
    private func openShop() throws -> Workspace {
        let shop = try Workspace()
        try shop.openChain(tills: ["T01", "T02"])
        try FileManager.default.createDirectory(atPath: shop.path + "/stick", withIntermediateDirectories: true)
        try shop.succeed(
            "record", "-C", "T01", input: #"{"entity":"sale","id":"T01-1","action":"create","set":{"total":5.10}}"#)
        return shop
    }

    @Test func aStickGoesRound() throws {
        let shop = try openShop()
        let till = try shop.succeed("exchange", "-C", "T01", "stick", "--json").document()
        #expect(
            till.keys == [
                "directory", "carrier", "came", "left", "removed", "attention", "readOnly", "safeToRemove",
            ])
        #expect(till["safeToRemove"] == true)
        let left = try #require(till["left"]?.elements?.first)
        #expect(left.keys == ["to", "file", "bytes", "operations", "wasThere"])
        #expect(left["to"] == "HQ")
        #expect(left["operations"] == 1)

        let central = try shop.succeed("exchange", "-C", "HQ", "stick")
        #expect(central.out.contains("came: merged stick/to/HQ/T01-"))
        #expect(central.out.contains("left: for T01, "))
        #expect(central.out.hasSuffix("safe to remove\n"), "\(central.out)")
        #expect(try shop.names("stick/to/HQ") == [])

        let back = try shop.succeed("exchange", "-C", "T01", "stick", "--verbose")
        #expect(back.out.contains("came: merged stick/to/T01/HQ-"))
        #expect(back.out.contains("removed: stick/to/T01/HQ-"))
        let status = try shop.succeed("status", "-C", "T01", "--json").document()
        #expect(status["totals"]?["pending"] == 0)
    }

    @Test func whatNeedsAttentionIsSaidAndGivesTheStatus() throws {
        let shop = try openShop()
        try shop.succeed("exchange", "-C", "T01", "stick")
        let name = try #require(try shop.names("stick/to/HQ").first)
        let whole = try shop.read("stick/to/HQ/\(name)")
        try shop.write("stick/to/HQ/\(name)", whole.prefix(whole.count / 2))
        let young = try shop.run("exchange", "-C", "HQ", "stick")
        #expect(young.status == 75)
        #expect(young.out.contains("attention: \(name) is not whole yet"))
        #expect(young.out.contains("not safe to remove"))
        #expect(try shop.run("exchange", "-C", "HQ", "nowhere").status == 66)
        #expect(try shop.run("exchange", "-C", "HQ").status == 64)
        try shop.write(
            "other/nightdrop.marker",
            #"{"nightdrop":"marker/1","organisation":"Others","carrier":"5b0e7c1a-6d0b-4a53-9c55-0b3f5e8d7a11"}"#)
        #expect(try shop.run("exchange", "-C", "HQ", "other").status == 77)
    }

    /// What was refused comes first, in words for whoever holds the stick; then that it may be pulled out.
    @Test func aRefusalIsSaidBeforeTheStickIsSafe() throws {
        let shop = try openShop()
        try shop.succeed("exchange", "-C", "T01", "stick")
        let name = try #require(try shop.names("stick/to/HQ").first)
        let whole = try shop.read("stick/to/HQ/\(name)")
        try shop.write("stick/to/HQ/\(name)", whole.prefix(whole.count / 2))
        _ = try shop.bash("touch -d '1 hour ago' stick/to/HQ/*")
        let visit = try shop.run("exchange", "-C", "HQ", "stick")
        #expect(visit.status == 65)
        #expect(visit.out.contains("attention: 1 bundle was refused: \(name): damaged: the archive ends too early."))
        #expect(!visit.out.contains("still being copied"))
        #expect(
            visit.out.hasSuffix("needs attention, see above; the medium itself is safe to remove\n"), "\(visit.out)")

        let verified = try shop.run("verify", "-C", "HQ", "stick")
        #expect(verified.status == 75)
        #expect(verified.out.components(separatedBy: name).count == 2, "the path is said once: \(verified.out)")
    }

    @Test func aRevokedTillIsTold() throws {
        let shop = try openShop()
        try shop.succeed("exchange", "-C", "T01", "stick")
        #expect(try shop.run("keys", "revoke", "T01", "-C", "HQ").status == 64, "nobody is there to be asked")
        #expect(try shop.run("keys", "revoke", "T09", "-C", "HQ", "--yes").status == 66)
        #expect(try shop.succeed("keys", "revoke", "T01", "-C", "HQ", "--yes").out.contains("revoked SHA256:"))
        let keys = try shop.succeed("keys", "list", "-C", "HQ", "--json").json()
        #expect(keys.map { $0["revoked"] } == [false, true, false])
        #expect(try shop.run("exchange", "-C", "HQ", "stick").status == 77)
        let told = try shop.run("exchange", "-C", "T01", "stick")
        #expect(told.status == 77)
        #expect(told.out.contains("head office refuses what this till sends"))
        #expect(try shop.succeed("status", "-C", "T01").out.contains("head office refuses what this till sends"))
        let status = try shop.succeed("status", "-C", "T01", "--json").document()
        #expect(status["notPermitted"] == true)
    }

    @Test func requestsTravelWithTheNextAnswer() throws {
        let shop = try openShop()
        #expect(try shop.run("request", "-C", "HQ").status == 64)
        #expect(try shop.run("request", "-C", "HQ", "T09").status == 66)
        #expect(try shop.run("request", "-C", "T01", "--all").status == 64)
        #expect(
            try shop.succeed("request", "-C", "HQ", "--all", "--json").json().map { $0["terminal"] } == ["T01", "T02"])
        try shop.succeed("exchange", "-C", "T01", "stick")
        try shop.succeed("exchange", "-C", "HQ", "stick")
        try shop.succeed("exchange", "-C", "T01", "stick")
        try shop.succeed("exchange", "-C", "HQ", "stick")
        try shop.succeed("request", "-C", "HQ", "T01")
        try shop.succeed("exchange", "-C", "HQ", "stick")
        let file = try #require(try shop.names("stick/to/T01").first)
        let manifest = try shop.bash("tar xOf stick/to/T01/\(file) manifest.json").document()
        #expect(manifest["return"]?["directives"] == [["exchange": true]])
        let answer = try shop.succeed("exchange", "-C", "T01", "stick", "--json").document()
        #expect(answer["left"]?.elements?.count == 1)
    }

    @Test func partsAreWrittenByEveryCommand() throws {
        let shop = try openShop()
        let lines = (1...3000).map { number in
            let name = (0..<30).map { _ in UUID().uuidString }.joined()
            return #"{"entity":"product","id":"P\#(number)","action":"create","set":{"name":"\#(name)"}}"#
        }
        try shop.succeed("record", "-C", "HQ", input: lines.joined(separator: "\n") + "\n")
        let answers = try shop.succeed(
            "return", "-C", "HQ", "--terminal", "T01", "--to", "stick", "--max-size", "900K", "--json"
        ).json()
        #expect(answers.count > 1)
        try shop.succeed("exchange", "-C", "T01", "stick")
        #expect(
            try shop.bash("nightdrop get product -C T01 | wc -l").out.trimmingCharacters(in: .whitespacesAndNewlines)
                != "0")
        #expect(try shop.run("close", "-C", "T01", "--to", "stick", "--max-size", "1K").status == 64)
        try shop.succeed("close", "-C", "T01", "--to", "stick", "--max-size", "100K")
    }
}
