import Foundation
import Nightdrop
import NightdropModel
import Testing

/// `merge --apply`, killed at any moment: all of the plan, or nothing of it.
@Suite(.serialized) struct PlanCrashTests {
    private func field(_ name: String, _ json: String) -> [Field] { [Field(name, FieldValue(checkedJSON: json))] }

    private func evening() throws -> Ground {
        let ground = try Ground()
        _ = try ground.central.record(
            (0..<20).map { OperationDraft(.create, "product", id: "P\($0)", set: field("price", "1")) })
        _ = try ground.central.record(OperationDraft(.create, "item", id: "I", set: field("stock", "100")))
        for number in 1...3 {
            let till = try TillJournal("T\(number)", in: ground.path, at: ground.central)
            try till.record(
                (0..<600).map { index in
                    index % 30 == 0
                        ? [
                            OperationDraft(
                                .update, "product", id: "P\(index / 30)", set: field("price", "\(number + 1)"), base: 0)
                        ]
                        : [
                            OperationDraft(.create, "sale", id: "R\(index)", set: field("total", "\(index)")),
                            OperationDraft(.update, "item", id: "I", add: field("stock", "-1"), base: 0),
                        ]
                })
            _ = try till.close("2026-11-21", into: ground.path + "/share/to/HQ")
        }
        return ground
    }

    @Test func aPlanIsCarriedOutWholeOrNotAtAll() throws {
        let seed = crashSeed("a plan")
        let ground = try evening()
        try ground.output("nightdrop merge share --plan plan.json -C HQ")
        try ground.output("cp -a HQ calm")
        let calm = try ground.run("nightdrop merge -C calm --apply plan.json")
        #expect(calm.status == 0, "\(calm.err)")
        let (before, after) = (try ground.image(of: "HQ"), try ground.image(of: "calm"))
        var random = SplitMix(state: seed)
        var kills = 0
        for attempt in 1...10 {
            let longest = max(0.05, calm.seconds * Double(attempt) / 10)
            let seconds = Double.random(in: 0.02...longest, using: &random)
            let run = try ground.run("exec nightdrop merge -C HQ --apply plan.json", killAfter: seconds)
            let image = try ground.image(of: "HQ")
            #expect(image == before || image == after, "seed \(seed)")
            guard run.wasKilled, image == before else { break }
            kills += 1
        }
        print("killed \(kills) times before it was done")
        let last = try ground.run("nightdrop merge -C HQ --apply plan.json")
        #expect([0, 75].contains(last.status), "seed \(seed): \(last.err)")
        #expect(try ground.image(of: "HQ") == after, "seed \(seed)")
        try ground.checkArchive(of: "HQ", tills: ["T1", "T2", "T3"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: ground.path + "/HQ/inbox") == [])
    }

    /// But for its copies of the bundles, which the next one removes.
    @Test func anInterruptedPreviewLeavesNothing() throws {
        let seed = crashSeed("a preview")
        let ground = try evening()
        let files = "find HQ share -type f ! -name 'store.sqlite*' ! -path 'HQ/inbox/.*' | sort | xargs sha256sum"
        let calm = try ground.run("nightdrop merge share --dry-run --json -C HQ")
        #expect(calm.status == 0, "\(calm.err)")
        let (before, listed) = (try ground.image(of: "HQ"), try ground.output(files))
        var random = SplitMix(state: seed)
        for _ in 0..<5 {
            let seconds = Double.random(in: 0.02...calm.seconds, using: &random)
            try ground.run("exec nightdrop merge share --dry-run -C HQ", killAfter: seconds)
            #expect(try ground.image(of: "HQ") == before, "seed \(seed)")
            #expect(try ground.output(files) == listed, "seed \(seed)")
        }
        #expect(try ground.run("nightdrop merge share --dry-run -C HQ").status == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: ground.path + "/HQ/inbox") == [])
    }
}
