import NightdropFormats
import Testing

@Suite struct DemoTests {
    @Test func theDemoEndsWithEverythingInAgreement() throws {
        let shop = try Workspace()
        let told = try shop.succeed("demo", "shops").out
        let story = told.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(story.contains("not closed: T02"))
        #expect(story.contains("known, nothing is booked twice"))
        #expect(story.contains("all 4 tills closed"))
        #expect(try shop.succeed("conflicts", "-C", "shops/HQ", "--all", "--json").json().count == 4)
        for till in ["T01", "T02", "T03", "T04"] {
            let coffee = try shop.succeed("get", "-C", "shops/\(till)", "product", "COFFEE", "--json").document()
            #expect(coffee["fields"]?["price"] == .number("4.90"))
            let anna = try shop.succeed("get", "-C", "shops/\(till)", "customer", "C-1001", "--json").document()
            #expect(anna["fields"]?["points"] == 55)
            try shop.succeed("verify", "-C", "shops/\(till)")
        }
        try shop.succeed("verify", "-C", "shops/HQ")
    }

    /// Every command that the demo shows works as it is printed.
    @Test func theCommandsThatTheDemoShowsWork() throws {
        let shop = try Workspace()
        let story = try shop.succeed("demo", "shops").out
        let lines = story.split(separator: "\n").map(String.init)
        let shown = lines.indices.filter { lines[$0].hasPrefix("  # ") }.map { lines[$0 + 1] }
        #expect(shown.count == 10)
        for command in shown {
            let run = try shop.bash("set -euo pipefail\n" + command)
            #expect(run.status == 0, "\(command): \(run.err)")
            #expect(run.out != "", "\(command)")
        }
    }

    @Test func aSecondDemoGetsADirectoryOfItsOwn() throws {
        let shop = try Workspace()
        try shop.succeed("demo")
        try shop.succeed("demo")
        #expect(try shop.names(".").filter { !$0.hasPrefix(".") } == ["nightdrop-demo", "nightdrop-demo-2"])
    }
}
