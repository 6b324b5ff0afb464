import Foundation
import Nightdrop
import NightdropModel
import Testing

/// `merge` and `record` at head office, killed at any moment: as if it had happened just before or just after.
@Suite(.serialized) struct MergeCrashTests {
    private static func field(_ name: String, _ json: String) -> [Field] {
        [Field(name, FieldValue(checkedJSON: json))]
    }

    /// What a till records on a day: sales, some with ids that others use too, stock, prices.
    private static func day(_ count: Int, till: Int, seed: UInt64) -> [[OperationDraft]] {
        var random = SplitMix(state: seed &+ UInt64(till))
        return (0..<count).map { index in
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                let price = field("price", "\(Int.random(in: 1...99, using: &random))")
                return [OperationDraft(.update, "product", id: "P\(index % 50)", set: price, base: 0)]
            case 1: return [OperationDraft(.create, "sale", id: "R\(index % 200)", set: field("total", "\(index)"))]
            case 2...4:
                let sale = OperationDraft(.create, "sale", id: "T\(till)-\(index)", set: field("total", "\(index).50"))
                let item = "I\(Int.random(in: 0..<40, using: &random))"
                return [sale, OperationDraft(.update, "item", id: item, add: field("stock", "-1"), base: 0)]
            default: return [OperationDraft(.create, "sale", id: "T\(till)-\(index)", set: field("total", "\(index)"))]
            }
        }
    }

    private func open(_ ground: Ground) throws {
        for start in [0, 50] {
            _ = try ground.central.record(
                (start..<(start + 50)).flatMap { index in
                    [
                        OperationDraft(.create, "product", id: "P\(index)", set: MergeCrashTests.field("price", "1")),
                        OperationDraft(.create, "item", id: "I\(index)", set: MergeCrashTests.field("stock", "20")),
                    ]
                })
        }
    }

    /// Merges a copy undisturbed, the original between kills, and compares.
    private func compare(
        _ ground: Ground, tills: [String], seed: UInt64, times: Int, first: () throws -> Void = {}
    ) throws {
        try ground.output("cp -a HQ calm")
        let calm = try ground.run("nightdrop merge -C calm share")
        #expect(calm.status == 0, "\(calm.err)")
        try first()
        let kills = try ground.untilItEnds(
            "nightdrop merge -C HQ share", seconds: calm.seconds * 1.1, times: times, seed: seed)
        print("killed \(kills) times, undisturbed \(calm.seconds) s")
        let (expected, found) = (try ground.image(of: "calm"), try ground.image(of: "HQ"))
        #expect(found.count == expected.count)
        let differing = zip(found, expected).first { $0 != $1 }
        #expect(differing == nil, "seed \(seed)")
        try ground.checkArchive(of: "HQ", tills: tills)
        #expect(try ground.output("nightdrop merge -C HQ share --json").contains("\"outcome\":\"known\""))
        #expect(try FileManager.default.contentsOfDirectory(atPath: ground.path + "/HQ/inbox") == [])
    }

    @Test func severalBundlesKilledOftenAreMergedOnce() throws {
        let seed = crashSeed("several bundles")
        let ground = try Ground()
        try open(ground)
        for number in 1...3 {
            let till = try TillJournal("T\(number)", in: ground.path, at: ground.central)
            for day in 1...2 {
                try till.record(MergeCrashTests.day(400, till: number * 10 + day, seed: seed))
                _ = try till.close("2026-11-2\(day)", into: ground.path + "/share/to/HQ")
            }
        }
        try compare(ground, tills: ["T1", "T2", "T3"], seed: seed, times: 12)
        let history = try ground.output("nightdrop history item I1 -C HQ --json")
        let changes = try ground.output(
            "sqlite3 HQ/store.sqlite \"WITH RECURSIVE c(csn) AS (SELECT head FROM _record WHERE id = 'I1' UNION "
                + "SELECT previous FROM _change JOIN c USING (csn) WHERE previous > 0) SELECT count(*) FROM c\"")
        #expect("\(history.split(separator: "\n").count)\n" == changes)
    }

    /// More operations in one segment than a transaction of the store takes: the rest follows in the next ones.
    @Test func aSegmentThatTakesSeveralTransactionsIsResumedInTheMiddle() throws {
        let seed = crashSeed("a large segment")
        let ground = try Ground()
        try open(ground)
        let till = try TillJournal("T1", in: ground.path, at: ground.central)
        try till.record(
            (1...106_000).map { [OperationDraft(.update, "n", id: "\($0 % 100)", add: Self.field("n", "1"))] })
        _ = try till.close("2026-11-21", into: ground.path + "/share/to/HQ")
        try compare(ground, tills: ["T1"], seed: seed, times: 3) {
            let position =
                "sqlite3 -readonly -cmd '.timeout 5000' HQ/store.sqlite 'SELECT seq FROM _journal WHERE central = 0'"
            let run = try ground.run("exec nightdrop merge -C HQ share") {
                let merged = Int(try ground.output(position).dropLast()) ?? 0
                return merged > 0 && merged < 106_000
            }
            print("killed between two transactions: \(run.wasKilled)")
        }
    }
}
