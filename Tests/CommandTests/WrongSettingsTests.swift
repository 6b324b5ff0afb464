import Foundation
import NightdropFormats
import Testing

/// Settings that somebody mistyped.
@Suite struct WrongSettingsTests {
    private static let sale = #"{"entity":"sale","id":"T01-1","action":"create","set":{"total":2.55}}"#

    /// A till sells and closes its day, whatever stands under `watch`.
    @Test(arguments: ["watch: {intervall: 3}", "watch: {retries: many}", "watch: often"])
    func whatOnlyWatchNeedsStopsNoSale(line: String) throws {
        let shop = try Workspace()
        try shop.openChain()
        for node in ["T01", "HQ"] { _ = try shop.bash("echo '\(line)' >> \(node)/nightdrop.yaml") }
        try shop.succeed("record", "-C", "T01", input: Self.sale)
        #expect(try shop.succeed("get", "sale", "T01-1", "-C", "T01").out.contains("2.55"))
        try shop.succeed("export", "-C", "T01")
        try shop.succeed("close", "-C", "T01", "--to", "share")
        try shop.succeed("merge", "share", "-C", "HQ", "--return", "share")
        try shop.succeed("import", "share", "-C", "T01")
        for node in ["T01", "HQ"] {
            for command in ["watch", "exchange"] {
                let run = try shop.run(command, "share", "-C", node)
                #expect(run.status == 78, "\(command)")
                #expect(run.err.contains("\(node)/nightdrop.yaml, line "), "\(run.err)")
            }
            let status = try shop.succeed("status", "-C", node, "--json").document()
            #expect(status["error"]?.text?.contains("\(node)/nightdrop.yaml, line ") == true, "\(status)")
            #expect(status["state"] == "failed")
            #expect(try shop.succeed("status", "-C", node).out.contains("\(node)/nightdrop.yaml, line "))
        }
    }

    /// A till goes by head office's policy, whatever somebody writes into its copy.
    @Test func aTillsPolicyIsNotChangedAtTheTill() throws {
        let shop = try Workspace()
        try shop.openChain()
        let policy = try shop.read("T01/policy.yaml")
        #expect(try shop.succeed("status", "-C", "T01").err == "")
        for (command, garbage) in [
            ("status", "}} no policy"), ("record", "version: 99\norganisation: X\nentities: {}\n"),
        ] {
            try shop.write("T01/policy.yaml", garbage)
            let run = try shop.run(command, "-C", "T01", input: command == "record" ? Self.sale : "")
            #expect(run.status == 0, "\(run.err)")
            #expect(run.err.contains("T01/policy.yaml was changed here, which has no effect"), "\(run.err)")
            #expect(try shop.read("T01/policy.yaml") == policy)
            #expect(try shop.read("T01/policy.yaml.changed") == Data(garbage.utf8))
            #expect(try shop.succeed("status", "-C", "T01").err == "", "said once")
        }
        #expect(try shop.succeed("get", "sale", "T01-1", "-C", "T01").out.contains("2.55"))
        // What an interrupted import leaves is nobody's doing.
        _ = try shop.bash("sed 's/^version: 1$/version: 2/' HQ/policy.yaml > new.yaml")
        try shop.succeed("policy", "use", "new.yaml", "-C", "HQ")
        try shop.succeed("close", "-C", "T01", "--to", "share")
        try shop.succeed("merge", "share", "--return", "share", "-C", "HQ")
        try shop.succeed("import", "share", "-C", "T01")
        #expect(try shop.read("T01/policy.yaml") != policy)
        try shop.write("T01/policy.yaml", policy)
        #expect(try shop.succeed("status", "-C", "T01").err == "")
        #expect(try shop.read("T01/policy.yaml") != policy)
    }

    /// The grant completes the settings: what it would not write back must not get lost.
    @Test func aGrantKeepsWhatWasMistyped() throws {
        let shop = try Workspace()
        try shop.openChain(tills: [])
        try shop.succeed("init", "terminal", "-C", "T01", "--id", "T01", "--store", "S1", "--request", "T01.request")
        try shop.succeed("enroll", "-C", "HQ", "T01.request", "--yes", "--to", "share")
        _ = try shop.bash("echo 'watch: {intervall: 3}' >> T01/nightdrop.yaml")
        let run = try shop.run("import", "-C", "T01", "share")
        #expect(run.status == 78)
        #expect((run.out + run.err).contains("did you mean `interval`?"), "\(run.out)\(run.err)")
        _ = try shop.bash("sed -i 's/intervall/interval/' T01/nightdrop.yaml")
        try shop.succeed("import", "-C", "T01", "share")
        #expect(String(decoding: try shop.read("T01/nightdrop.yaml"), as: UTF8.self).contains("interval: 3"))
    }

    @Test func whatEverybodyNeedsStopsEverything() throws {
        let shop = try Workspace()
        try shop.openChain()
        _ = try shop.bash("echo 'wach: {interval: 3}' >> T01/nightdrop.yaml")
        #expect(try shop.run("record", "-C", "T01", input: Self.sale).status == 78)
        #expect(try shop.run("status", "-C", "T01").status == 78)
    }
}
