import Foundation
import NightdropFormats
import Testing

@Suite struct RecordTests {
    @Test func aBadLineStopsAndWhatIsBeforeItStays() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.write(
            "sales.jsonl",
            """
            {"entity":"sale","id":"1","action":"create","set":{"total":1}}
            {"entity":"sale","id":"2","action":"create","set":{"total":2}}
            {"entity":"sale","id":"3","action":"create","sett":{"total":3}}
            {"entity":"sale","id":"4","action":"create","set":{"total":4}}

            """)
        let run = try shop.run("record", "-C", "T01", "sales.jsonl", "--json")
        #expect(run.status == 65)
        #expect(try run.json() == [["first": 1, "last": 1], ["first": 2, "last": 2]])
        #expect(run.err.contains("2 operations before it are recorded and durable, numbers 1 to 2"), "\(run.err)")
        #expect(run.err.contains("sales.jsonl, line 3: there is no key \"sett\""), "\(run.err)")
        #expect(try ids(shop) == ["1", "2"])
    }

    @Test(arguments: [
        (#"{"entity":"sale","id":"1"}"#, "\"action\""),
        (#"{"entity":"1sale","id":"1","action":"create"}"#, "\"entity\""),
        (#"{"entity":"sale","id":"","action":"create"}"#, "\"id\""),
        (#"{"entity":"sale","id":"1","action":"create","set":[1]}"#, "\"set\""),
        (#"{"entity":"sale","id":"1","action":"create","set":{"a":1,"a":2}}"#, "stands twice"),
        (#"{"entity":"sale","id":"1","id":"2","action":"create"}"#, "stands twice"),
        (#"{"entity":"sale","id":"1","action":"update","add":{"a":"1"}}"#, "\"add\""),
        (#"{"entity":"sale","id":"1","action":"update","base":1.5}"#, "\"base\""),
        (#"{"entity":"sale","id":"1","action":"create","set":{"a":12345678901234567890123456789012345}}"#, "34 digits"),
        ("[]", "without operations"), ("7", "expected an object"),
        (#"[{"entity":"sale","id":"1","action":"create"},7]"#, "operation 2 of 2"),
    ])
    func aLineThatIsNoOperation(_ line: String, _ reason: String) throws {
        let shop = try Workspace()
        try shop.openChain(tills: [])
        let run = try shop.run("record", "-C", "HQ", input: line + "\n")
        #expect(run.status == 65)
        #expect(run.err.contains("standard input, line 1: "), "\(run.err)")
        #expect(run.err.contains(reason), "\(run.err)")
        #expect(try shop.succeed("get", "sale", "-C", "HQ", "--json").out == "")
    }

    @Test func aByteOrderMarkBeforeTheFirstLineIsPassedOver() throws {
        let shop = try Workspace()
        try shop.openChain(tills: [])
        let line = #"{"entity":"brand","id":"1","action":"create"}"#
        let run = try shop.run("record", "-C", "HQ", "--json", input: "\u{FEFF}\(line)\r\n")
        #expect(run.status == 0, "\(run.err)")
        #expect(try shop.succeed("get", "brand", "-C", "HQ", "--json").json().map { $0["id"] } == ["1"])
    }

    @Test func aLineThatChangesNothingIsRefusedAsData() throws {
        let shop = try Workspace()
        try shop.openChain()
        let line = #"{"entity":"product","id":"TEA","action":"update"}"#
        let run = try shop.run("record", "-C", "T01", input: line)
        #expect(run.status == 65)
        #expect(run.err.contains("line 1: product TEA: the update changes nothing"), "\(run.err)")
        let each = try shop.run("record", "-C", "T01", "--each", input: line)
        #expect(each.status == 65)
        #expect(try each.json().map { $0["status"] } == [65])
    }

    @Test func aFileIsNoNode() throws {
        let shop = try Workspace()
        try shop.write("prices.csv", "code,price\n")
        let run = try shop.run("status", "-C", "prices.csv")
        #expect(run.status == 66)
        #expect(run.err.contains("prices.csv is no node"), "\(run.err)")
    }

    @Test func eachLineHasAnAnswer() throws {
        let shop = try Workspace()
        try shop.openChain()
        let run = try shop.run(
            "record", "-C", "T01", "--each",
            input: """
                {"entity":"sale","id":"1","action":"create","set":{"total":1}}
                not an operation
                [{"entity":"sale","id":"2","action":"create","set":{"total":2}},\
                {"entity":"sale","id":"3","action":"create","set":{"total":3}}]
                {"entity":"sale","id":"2","action":"create","set":{"total":9},"key":"again"}
                {"entity":"sale","id":"2","action":"create","set":{"total":9},"key":"again"}

                """)
        #expect(run.status == 65)
        let answers = try run.json()
        try #require(answers.count == 5)
        #expect(answers[0] == ["first": 1, "last": 1])
        #expect(answers[1].keys == ["error", "status"])
        #expect(answers[1]["status"] == 65)
        #expect(answers[2] == ["first": 2, "last": 3])
        #expect(answers[3]["first"] == 4)
        #expect(answers[4]["first"] == 4, "a commit with the same key is recorded once")
    }

    /// A POS keeps the command running and waits for each answer before it goes on.
    @Test(.timeLimit(.minutes(1))) func aPipeIsAnsweredLineByLine() throws {
        let shop = try Workspace()
        try shop.openChain()
        let process = shop.process(Workspace.executable, ["record", "-", "--each", "-C", "T01"])
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        for number in 1...3 {
            let line = #"{"entity":"sale","id":"\#(number)","action":"create","set":{"total":1}}"#
            try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
            var answer = Data()
            while answer.last != UInt8(ascii: "\n") {
                let more = output.fileHandleForReading.availableData
                try #require(!more.isEmpty, "the command ended")
                answer += more
            }
            #expect(answer == Data("{\"first\":\(number),\"last\":\(number)}\n".utf8))
        }
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func masterDataIsCheckedAndFactsAreKept() throws {
        let shop = try Workspace()
        try shop.openChain()
        let refused = try shop.run(
            "record", "-C", "T01", input: #"{"entity":"product","id":"X","action":"create","set":{"price":"cheap"}}"#)
        #expect(refused.status == 65)
        #expect(try shop.succeed("get", "-C", "T01", "product", "X").out == "")
        let kept = try shop.run(
            "record", "-C", "T01", "--json",
            input: #"{"entity":"sale","id":"S","action":"create","set":{"total":"cheap"}}"#)
        #expect(kept.status == 0)
        #expect(try kept.document()["faults"]?.elements?.count == 1)
        #expect(try ids(shop) == ["S"])
    }

    @Test func theNodeOfTheEnvironment() throws {
        let shop = try Workspace()
        try shop.openChain()
        let run = try shop.run("get", "product", "TEA", "--json", environment: ["NIGHTDROP_NODE": "T01"])
        #expect(try run.document()["id"] == "TEA")
    }

    private func ids(_ shop: Workspace) throws -> [String] {
        try shop.succeed("get", "-C", "T01", "sale", "--json").json().compactMap { $0["id"]?.text }
    }
}
