import Foundation
import Nightdrop
import Testing

/// `record` at head office, killed at any moment.
@Suite(.serialized) struct RecordCrashTests {
    @Test func aTableKilledOftenIsRecordedOnceInWholeCommits() throws {
        let seed = crashSeed("record --csv")
        let ground = try Ground()
        let rows = (1...3500).map { "P\($0),\($0).50,Name \($0)" }
        try (["code,price,name"] + rows).joined(separator: "\n").write(
            toFile: ground.path + "/products.csv", atomically: true, encoding: .utf8)
        try ground.output("cp -a HQ calm")
        let command = "nightdrop record --csv products.csv --entity product --key code"
        let calm = try ground.run("\(command) -C calm")
        #expect(calm.status == 0, "\(calm.err)")
        let count = "sqlite3 HQ/store.sqlite 'SELECT count(*) FROM _change'"
        let kills = try ground.untilItEnds("\(command) -C HQ", seconds: calm.seconds, times: 8, seed: seed) {
            // Opening merges what the journal holds already.
            try ground.output("nightdrop status -C HQ")
            let changes = Int(try ground.output(count).dropLast()) ?? -1
            #expect([0, 1000, 2000, 3000, 3500].contains(changes), "seed \(seed)")
        }
        print("killed \(kills) times, undisturbed \(calm.seconds) s")
        #expect(try ground.output(count) == "3500\n")
        let records = "sqlite3 -readonly %/store.sqlite 'SELECT id, lives, data FROM _record ORDER BY id'"
        #expect(
            try ground.output(records.replacing("%", with: "HQ")) == ground.output(records.replacing("%", with: "calm"))
        )
    }

    /// What was answered is there; what was not may be sent again with its key, and counts once.
    @Test func whatWasAnsweredIsThereAndAKeyCountsOnce() throws {
        let seed = crashSeed("record --each")
        var random = SplitMix(state: seed)
        let ground = try Ground()
        try ground.output("nightdrop record -C HQ - <<< '{\"entity\":\"item\",\"id\":\"A\",\"action\":\"create\"}'")
        let lines = (1...400).map {
            "{\"entity\":\"item\",\"id\":\"A\",\"action\":\"update\",\"add\":{\"stock\":1},\"key\":\"k\($0)\"}"
        }
        var answered = 0
        for attempt in 0..<40 where answered < lines.count {
            try lines[answered...].map { $0 + "\n" }.joined().write(
                toFile: ground.path + "/lines", atomically: true, encoding: .utf8)
            let seconds = attempt < 8 ? Double.random(in: 0.05...0.6, using: &random) : 60
            let run = try ground.run("exec nightdrop record -C HQ --each --json lines", killAfter: seconds)
            answered +=
                run.out.split(separator: "\n", omittingEmptySubsequences: true)
                .filter { $0.hasPrefix("{") && $0.hasSuffix("}") }.count
            let stock = try ground.output("nightdrop get item A -C HQ --json")
            let held =
                stock.split(separator: "\"stock\":").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
            #expect(held >= answered && held <= lines.count, "seed \(seed): \(held) held, \(answered) answered")
        }
        #expect(answered == lines.count)
        #expect(try ground.output("nightdrop get item A -C HQ --json").contains("\"stock\":400"))
    }
}
