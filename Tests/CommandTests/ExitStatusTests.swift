import Foundation
import NightdropFormats
import Testing

/// The exit statuses of sysexits.h, which scripts rely on.
@Suite struct ExitStatusTests {
    @Test(arguments: [
        ["get"], ["nonsense"], ["get", "product", "--nonsense"], ["return", "--to", "."],
        ["conflicts", "resolve", "1"], ["init", "terminal", "--id", "not an id", "--store", "S1"],
        ["close", "--day", "yesterday"], ["record", "--csv", "x.csv"], ["close", "-C", "HQ"],
    ])
    func wrongUse(_ arguments: [String]) throws {
        let shop = try Workspace()
        try shop.succeed("init", "central", "-C", "HQ", "--organisation", "Corner Shops")
        let run = try shop.bash("nightdrop " + arguments.map { "'\($0)'" }.joined(separator: " "))
        #expect(run.status == 64)
        #expect(run.err.hasPrefix("nightdrop: "), "\(run.err)")
        #expect(run.out == "")
    }

    @Test func refusedForWhatItIs() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.write("junk.nightdrop.tar", String(repeating: "junk ", count: 1000))
        // A young file may still be on its way; this one is not.
        _ = try shop.bash("touch -d '1 hour ago' junk.nightdrop.tar")
        let run = try shop.run("merge", "-C", "HQ", "junk.nightdrop.tar", "--json")
        #expect(run.status == 65)
        #expect(try run.document()["bundles"]?.elements?.first?["outcome"] == "refused")
        #expect(try shop.run("record", "-C", "T01", input: "no json").status == 65)
    }

    @Test(arguments: [
        "merge no-such-path -C HQ", "get product -C no-such-node", "inspect x", "cat x", "policy check x",
    ])
    func noSuchPath(_ command: String) throws {
        let shop = try Workspace()
        try shop.succeed("init", "central", "-C", "HQ", "--organisation", "Corner Shops")
        let run = try shop.bash("nightdrop \(command)")
        #expect(run.status == 66)
        #expect(run.err.hasPrefix("nightdrop: "), "\(run.err)")
    }

    @Test func cannotCreate() throws {
        let shop = try Workspace()
        try shop.succeed("init", "central", "-C", "HQ", "--organisation", "Corner Shops")
        #expect(try shop.run("init", "central", "-C", "HQ", "--organisation", "Corner Shops").status == 73)
        #expect(try shop.run("demo", "HQ").status == 73)
    }

    @Test func fullDisk() throws {
        let shop = try Workspace()
        try shop.openChain()
        let run = try shop.bash("nightdrop get product -C HQ > /dev/full")
        #expect(run.status == 74)
        #expect(run.err.contains("standard output"))
    }

    @Test func incompleteBundle() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.succeed("close", "-C", "T01", "--to", "share")
        let name = try #require(try shop.names("share/to/HQ").first)
        let whole = try shop.read("share/to/HQ/\(name)")
        try shop.write("half/\(name)", whole.prefix(whole.count / 2))
        let run = try shop.run("merge", "-C", "HQ", "half", "--json")
        #expect(run.status == 75)
        #expect(try run.document()["bundles"]?.elements?.first?["outcome"] == "incomplete")
    }

    @Test func strangersBundle() throws {
        let (shop, stranger) = (try Workspace(), try Workspace())
        try shop.openChain()
        try stranger.openChain()
        try stranger.succeed("close", "-C", "T01", "--to", "share")
        let run = try shop.run("merge", "-C", "HQ", "\(stranger.path)/share", "--json")
        #expect(run.status == 77)
        let bundle = try #require(try run.document()["bundles"]?.elements?.first)
        #expect(bundle["outcome"] == "refused")
        #expect(bundle["reason"]?.text?.hasPrefix("unknown-key") == true)
    }

    @Test func badSettingsAndPolicy() throws {
        let shop = try Workspace()
        try shop.write("N/nightdrop.yaml", "role: manager\nid: T01\n")
        #expect(try shop.run("status", "-C", "N").status == 78)
        try shop.write("policy.yaml", "version: 1\norganisation: Corner Shops\nentities: {sale: {direktion: up}}\n")
        let run = try shop.run("policy", "check", "policy.yaml")
        #expect(run.status == 78)
        #expect(run.err.contains("policy.yaml:3: entities.sale.direktion"), "\(run.err)")
    }

    @Test func aPolicyIsTakenOverOnce() throws {
        let shop = try Workspace()
        try shop.succeed("init", "central", "-C", "HQ", "--organisation", "Corner Shops")
        try shop.write("policy.yaml", "version: 2\norganisation: Corner Shops\nentities: {sale: {direction: up}}\n")
        try shop.succeed("policy", "use", "policy.yaml", "-C", "HQ")
        try shop.write("policy.yaml", "version: 2\norganisation: Corner Shops\nentities: {sale: {direction: both}}\n")
        #expect(try shop.run("policy", "use", "policy.yaml", "-C", "HQ").status == 78)
    }

    @Test func nobodyReadsAnyMore() throws {
        let shop = try Workspace()
        try shop.openChain()
        let rows = (1...3000).map { "P\($0),A product with a name that is long enough to fill a pipe" }
        try shop.write("products.csv", "code,name\n" + rows.joined(separator: "\n"))
        try shop.succeed("record", "-C", "HQ", "--csv", "products.csv", "--entity", "product", "--key", "code")
        let run = try shop.bash("nightdrop get product -C HQ --json | head -1 > /dev/null; echo ${PIPESTATUS[0]}")
        #expect(run.out == "141\n", "ended by SIGPIPE")
        #expect(run.err == "")
    }
}
