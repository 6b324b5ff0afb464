import NightdropFormats
import Testing

/// Conflicts, reviewed through the command line.
@Suite struct ReviewTests {
    /// Three products; both a till and head office give each another price, and the till changes a record that head office
    /// has lost.
    private func shop() throws -> Workspace {
        let shop = try Workspace()
        try shop.openChain()
        let products = (1...3).map {
            #"{"entity":"product","id":"P\#($0)","action":"create","set":{"name":"Product \#($0)","price":1}}"#
        }
        try shop.succeed("record", "-C", "HQ", input: products.joined(separator: "\n"))
        try shop.succeed(
            "record", "-C", "HQ", input: #"{"entity":"customer","id":"LOST","action":"create","set":{"name":"x"}}"#)
        try shop.succeed("return", "--all", "--to", "share", "-C", "HQ")
        try shop.succeed("import", "share", "-C", "T01")
        func prices(_ price: String) -> String {
            (1...3).map {
                #"{"entity":"product","id":"P\#($0)","action":"update","set":{"price":\#(price)},"by":"Mia"}"#
            }.joined(separator: "\n")
        }
        try shop.succeed("record", "-C", "T01", input: prices("2"))
        try shop.succeed(
            "record", "-C", "T01", input: #"{"entity":"customer","id":"LOST","action":"update","set":{"name":"y"}}"#)
        try shop.succeed("record", "-C", "HQ", input: prices("3"))
        try shop.succeed("close", "-C", "T01", "--to", "share")
        _ = try shop.bash("sqlite3 HQ/store.sqlite \"DELETE FROM _record WHERE id = 'LOST'\"")
        try shop.succeed("merge", "share", "-C", "HQ")
        return shop
    }

    private func numbers(_ run: CommandRun) throws -> [Int64?] { try run.json().map { $0["conflict"]?.integer } }

    @Test func listsAreNarrowedDown() throws {
        let shop = try shop()
        #expect(try numbers(shop.succeed("conflicts", "-C", "HQ", "--json")) == [4])
        #expect(try numbers(shop.succeed("conflicts", "-C", "HQ", "--all", "--json")) == [1, 2, 3, 4])
        for conditions in [
            ["--state", "decided"], ["--all", "--entity", "product"], ["--all", "--kind", "field"],
            ["--state", "decided", "--terminal", "T01", "--store", "S1"],
        ] {
            let list = try shop.bash("nightdrop conflicts -C HQ --json " + conditions.joined(separator: " "))
            #expect(try numbers(list) == [1, 2, 3], "\(conditions)")
        }
        #expect(
            try shop.succeed("conflicts", "-C", "HQ", "--all", "--store", "S2").out == "there are no such conflicts\n")
        #expect(try shop.run("conflicts", "-C", "HQ", "--kind", "quarrel").status == 64)
    }

    /// What was booked although head office knew no such record stays booked, whatever is decided.
    @Test func aDecisionAboutABookedChangeOfAnUnknownFactIsNotCalledADrop() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.succeed(
            "record", "-C", "T01", input: #"{"entity":"sale","id":"GHOST","action":"update","set":{"total":4}}"#)
        try shop.succeed("close", "-C", "T01", "--to", "share")
        try shop.succeed("merge", "share", "-C", "HQ")
        let shown = try shop.succeed("conflicts", "show", "1", "-C", "HQ").out
        #expect(shown.contains("nightdrop conflicts resolve 1 --take incoming, or --set JSON"), "\(shown)")
        try shop.succeed("conflicts", "resolve", "1", "--take", "incoming", "--by", "Anna", "-C", "HQ")
        try shop.succeed("return", "--all", "--to", "share", "-C", "HQ")
        try shop.succeed("import", "share", "-C", "T01")
        let notices = try shop.succeed("notices", "-C", "T01").out
        #expect(notices.contains("this change was booked, but head office knew no such record."), "\(notices)")
        #expect(notices.contains("sale GHOST: settled, decided by Anna at head office."), "\(notices)")
        #expect(!notices.contains("dropped"), "\(notices)")
        #expect(try shop.succeed("get", "sale", "-C", "HQ", "--json").json().map { $0["id"] } == ["GHOST"])
    }

    /// Head office has nothing to put in the place of what was booked.
    @Test func centralIsNothingToTakeForWhatWasBooked() throws {
        let shop = try Workspace()
        try shop.openChain()
        let lines = ["A", "B"].map { #"{"entity":"sale","id":"\#($0)","action":"update","set":{"total":4}}"# }
        try shop.succeed("record", "-C", "T01", input: lines.joined(separator: "\n"))
        try shop.succeed("close", "-C", "T01", "--to", "share")
        try shop.succeed("merge", "share", "-C", "HQ")
        let one = try shop.run("conflicts", "resolve", "1", "--take", "central", "-C", "HQ")
        #expect(one.status == 65 && one.err.contains("--set"), "\(one.err)")
        #expect(try shop.run("conflicts", "resolve", "1", "--rule", "central-wins", "-C", "HQ").status == 65)
        let all = try shop.run("conflicts", "resolve", "--where", "entity=sale", "--take", "central", "-C", "HQ")
        #expect(all.status == 65 && all.err.contains("conflict 1 ") && all.err.contains("conflict 2 "), "\(all.err)")
        #expect(try numbers(shop.succeed("conflicts", "-C", "HQ", "--json")) == [1, 2])
        try shop.succeed("conflicts", "resolve", "1", "--set", #"{"total":5}"#, "-C", "HQ")
        try shop.succeed("conflicts", "resolve", "2", "--take", "incoming", "-C", "HQ")
    }

    @Test func theHistoryOfWhatIsNotKnownPointsToWhatWaits() throws {
        let shop = try shop()
        let text = try shop.succeed("history", "customer", "LOST", "-C", "HQ").out
        #expect(text.contains("see conflict 4, nightdrop conflicts show 4"))
        let never = try shop.succeed("history", "customer", "NEVER", "-C", "HQ").out
        #expect(never == "nothing is known of customer NEVER\n")
    }

    @Test func sensitiveValuesAreShownOnDemand() throws {
        let shop = try Workspace()
        try shop.openChain()
        let create = #"{"entity":"customer","id":"A","action":"create","set":{"email":"%"}}"#
        try shop.succeed("record", "-C", "HQ", input: create.replacing("%", with: "hq@secret"))
        let made = create.replacing("create", with: "update").replacing("%", with: "till@secret")
        try shop.succeed("return", "--all", "--to", "share", "-C", "HQ")
        try shop.succeed("import", "share", "-C", "T01")
        try shop.succeed("record", "-C", "T01", input: made)
        try shop.succeed("record", "-C", "HQ", input: made.replacing("till@", with: "new@"))
        try shop.succeed("close", "-C", "T01", "--to", "share")
        let merged = try shop.succeed("merge", "share", "--dry-run", "-C", "HQ").out
        try shop.succeed("merge", "share", "-C", "HQ")
        let list = try shop.succeed("conflicts", "--all", "-C", "HQ").out
        let json = try shop.succeed("conflicts", "--all", "--json", "-C", "HQ").out
        let shown = try shop.succeed("conflicts", "show", "1", "-C", "HQ").out
        let log = try shop.succeed("log", "-C", "HQ").out
        for text in [merged, list, json, shown, log] {
            #expect(text.contains("hidden value") && !text.contains("secret"), "\(text)")
        }
        #expect(!shown.contains("  now"))
        #expect(try shop.succeed("conflicts", "show", "1", "--reveal", "-C", "HQ").out.contains("till@secret"))
    }

    @Test func showIsAThreeWayView() throws {
        let shop = try shop()
        try shop.succeed("conflicts", "resolve", "1", "--take", "incoming", "--by", "Anna", "-C", "HQ")
        try shop.succeed("conflicts", "resolve", "1", "--set", "2.50", "--by", "Ben", "-C", "HQ")
        let text = try shop.succeed("conflicts", "show", "1", "-C", "HQ").out
        for part in [
            "  record    product P1\n", "  base      1, from which both started\n", "  central   3, by HQ at ",
            "  incoming  2, by T01 (Mia) at ", "  rule      central-wins\n", "  decided   2.50\n",
            "  1.        Anna at ",
            "  2.        Ben at ", #"update P1 {"price":2.50}, operation"#,
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        let shown = try shop.succeed("conflicts", "show", "1", "-C", "HQ", "--json").document()
        #expect(shown["present"] == .number("2.50"))
        #expect(shown["decisions"]?.elements?.map { $0["by"] } == ["Anna", "Ben"])
        #expect(try shop.run("conflicts", "show", "9", "-C", "HQ").status == 66)
    }

    @Test func manyAreDecidedAtOnce() throws {
        let shop = try shop()
        let run = try shop.succeed(
            "conflicts", "resolve", "--where", "entity=product,field=price,kind=field,state=decided", "--take",
            "incoming", "--json", "-C", "HQ")
        let lines = try run.json()
        #expect(lines.map { $0["conflict"] } == [1, 2, 3])
        #expect(lines.allSatisfy { $0["decided"] == 2 && $0["state"] == "decided" })
        let products = try shop.succeed("get", "product", "-C", "HQ", "--json").json()
        #expect(products.map { $0["fields"]?["price"] } == [2, 2, 2, .number("2.55")])
        let words = try shop.succeed("conflicts", "resolve", "1", "2", "--rule", "max", "-C", "HQ").out
        #expect(words.contains("decided 1: product P1: price is 3\n"))
        #expect(words.contains("decided 2 of 2 conflicts\n"))
        let none = try shop.succeed("conflicts", "resolve", "--where", "entity=sale", "--take", "central", "-C", "HQ")
        #expect(none.out == "no conflict fits\n")
    }

    /// On a terminal a person is asked first.
    @Test func whoeverSitsAtATerminalIsAsked() throws {
        let shop = try shop()
        func type(_ answer: String) throws -> CommandRun {
            try shop.bash(
                """
                cat > ask.py <<'END'
                import os, pty, sys
                pid, terminal = pty.fork()
                if pid == 0:
                    os.execvp("nightdrop", ["nightdrop"] + sys.argv[2:])
                os.write(terminal, (sys.argv[1] + "\\n").encode())
                try:
                    while data := os.read(terminal, 4096):
                        sys.stdout.buffer.write(data)
                except OSError:
                    pass
                sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                END
                python3 ask.py \(answer) conflicts resolve --where entity=product,state=decided --take incoming -C HQ
                """)
        }
        let no = try type("n")
        #expect(no.out.contains("Decide 3 conflicts? [y/N]"), "\(no.out)\(no.err)")
        #expect(no.out.contains("nothing was decided"))
        #expect(try shop.succeed("conflicts", "show", "1", "--json", "-C", "HQ").document()["revision"] == 0)
        #expect(try type("y").out.contains("decided 3 of 3 conflicts"))
        #expect(try shop.succeed("conflicts", "show", "1", "--json", "-C", "HQ").document()["revision"] == 1)
    }

    @Test func oneThatHasMovedDoesNotHoldUpTheOthers() throws {
        let shop = try shop()
        try shop.succeed(
            "record", "-C", "HQ", input: #"{"entity":"product","id":"P2","action":"update","set":{"price":9}}"#)
        let run = try shop.run("conflicts", "resolve", "1", "2", "3", "--take", "base", "--json", "-C", "HQ")
        #expect(run.status == 75)
        let lines = try run.json()
        #expect(lines.map { $0["status"] } == [nil, 75, nil])
        #expect(try shop.succeed("conflicts", "resolve", "2", "--take", "base", "-C", "HQ").out.contains("price is 1"))
    }

    @Test func whatWasHeldBackIsApplied() throws {
        let shop = try shop()
        let text = try shop.succeed("conflicts", "show", "4", "-C", "HQ").out
        #expect(text.contains(#"  incoming  update {"name":"y"}, by T01 at "#), "\(text)")
        #expect(text.contains("nightdrop conflicts apply 4"))
        #expect(try shop.run("conflicts", "apply", "4", "--set", "5", "-C", "HQ").status == 64)
        try shop.succeed("conflicts", "apply", "4", "--set", #"{"name":"z"}"#, "--by", "Anna", "-C", "HQ")
        let record = try shop.succeed("get", "customer", "LOST", "-C", "HQ", "--json").document()
        #expect(record["fields"] == ["name": "z"])
        #expect(try shop.run("conflicts", "apply", "4", "-C", "HQ").status == 65)
        try shop.succeed("return", "--all", "--to", "share", "-C", "HQ")
        try shop.succeed("import", "share", "-C", "T01")
        let notices = try shop.succeed("notices", "-C", "T01").out
        #expect(
            notices.contains(#"applied now with other values, {"name":"z"}, decided by Anna at head office."#),
            "\(notices)")
        let status = try shop.succeed("status", "-C", "T01", "--json").document()
        #expect(status["totals"]?["failed"] == 0)
    }

    @Test func whoDecidesIsWhoIsLoggedIn() throws {
        let shop = try shop()
        try shop.succeed("conflicts", "resolve", "1", "--take", "incoming", "-C", "HQ")
        let name = try shop.bash("id -un").out.split(separator: "\n").first.map(String.init)
        let shown = try shop.succeed("conflicts", "show", "1", "-C", "HQ", "--json").document()
        #expect(shown["decidedBy"]?.text == name)
    }

    @Test(arguments: [
        ["1", "--take", "central", "--rule", "max"], ["1"], ["--take", "central"],
        ["1", "--where", "entity=product", "--take", "central"], ["--where", "colour=red", "--take", "central"],
        ["--where", "state=odd", "--take", "central"], ["1", "--rule", "dice"],
    ])
    func wrongUse(_ arguments: [String]) throws {
        let run = try Workspace().bash("nightdrop conflicts resolve -C HQ " + arguments.joined(separator: " "))
        #expect(run.status == 64, "\(run.err)")
    }

    /// With --each a line is answered whatever comes with it.
    @Test func linesThatComeTogetherAreAnsweredEach() throws {
        let shop = try Workspace()
        try shop.openChain()
        for node in ["HQ", "T01"] {
            let run = try shop.run(
                "record", "-", "--each", "-C", node,
                input: """
                    {"entity":"customer","id":"\(node)1","action":"create","set":{"name":"x"}}
                    {"entity":"customer"
                    {"entity":"product","id":"\(node)1","action":"create","set":{"price":"cheap"}}

                    {"entity":"customer","id":"\(node)2","action":"create","set":{"name":"x"},"key":"a"}
                    {"entity":"customer","id":"\(node)2","action":"create","set":{"name":"x"},"key":"a"}

                    """)
            #expect(run.status == 65)
            let answers = try run.json()
            let first = answers.first?["first"]?.integer ?? 0
            #expect(answers.map { $0["status"]?.integer ?? 0 } == [0, 65, 65, 65, 0, 0])
            #expect(answers.compactMap { $0["first"]?.integer } == [first, first + 1, first + 1])
            #expect(answers[1]["error"]?.text?.contains("line 2") == true)
            #expect(answers[2]["error"]?.text?.contains("line 3") == true)
        }
    }
}
