import Foundation
import Nightdrop
import NightdropModel
import Testing

/// `undo`, killed at any moment: when head office is opened next, it is whole, and nothing of it happened twice.
@Suite(.serialized) struct UndoCrashTests {
    private func field(_ name: String, _ json: String) -> [Field] { [Field(name, FieldValue(checkedJSON: json))] }

    /// A bundle whose undo takes two transactions. Returns the bundle's name.
    private func evening(_ ground: Ground) throws -> String {
        _ = try ground.central.record(OperationDraft(.create, "item", id: "I", set: field("stock", "20")))
        _ = try ground.central.record(
            (0..<1000).map { OperationDraft(.create, "product", id: "P\($0)", set: field("price", "1")) })
        let till = try TillJournal("T1", in: ground.path, at: ground.central)
        try till.record(
            (0..<6000).map { index in
                if index < 20 { return [OperationDraft(.update, "item", id: "I", add: field("stock", "-1"), base: 0)] }
                return index < 1000
                    ? [OperationDraft(.update, "product", id: "P\(index)", set: field("price", "2"), base: 1001)]
                    : [OperationDraft(.create, "sale", id: "R\(index)", set: field("total", "\(index)"))]
            })
        let bundle = try till.close("2026-11-21", into: ground.path + "/share/to/HQ")
        try ground.output("nightdrop merge -C HQ share")
        return URL(fileURLWithPath: bundle).lastPathComponent
    }

    @Test func anUndoOfSeveralPartsIsFinishedAfterAnyInterruption() throws {
        let seed = crashSeed("an undo")
        let ground = try Ground()
        let bundle = try evening(ground)
        func parts(_ node: String) throws -> Int {
            let count = "SELECT count(*) FROM _setting WHERE name GLOB 'key:nightdrop:undo:*'"
            let answer = try ground.output(
                "sqlite3 -readonly -cmd '.timeout 5000' \(node)/store.sqlite \"\(count)\"")
            return Int(answer.dropLast()) ?? 0
        }
        func figures(_ node: String) throws -> String {
            try ground.output(
                "sqlite3 -readonly \(node)/store.sqlite \"SELECT count(*) FROM sale; "
                    + "SELECT count(*) FROM product WHERE _data LIKE '%:1}'; SELECT stock FROM item; "
                    + "SELECT count(*), max(seq) FROM _journal; SELECT number, state, operations FROM _undo\"")
        }
        try ground.output("cp -a HQ calm")
        let calm = try ground.run("nightdrop undo \(bundle) --yes --by Clara -C calm")
        #expect(calm.status == 0, "\(calm.err)")
        #expect(try parts("calm") >= 2)
        let expected = try figures("calm")
        #expect(expected.hasPrefix("0\n1000\n20\n"))

        // Once right behind the first part, then at random times.
        let between = try ground.run("exec nightdrop undo \(bundle) --yes --by Clara -C HQ") { try parts("HQ") >= 1 }
        print("killed behind part \(try parts("HQ")): \(between.wasKilled)")
        var random = SplitMix(state: seed)
        for _ in 0..<6 {
            let seconds = Double.random(in: 0.02...max(0.1, calm.seconds), using: &random)
            guard try ground.run("exec nightdrop status -C HQ", killAfter: seconds).wasKilled else { break }
        }
        try ground.output("nightdrop status -C HQ")
        #expect(try figures("HQ") == expected, "seed \(seed)")
        #expect(try ground.output("nightdrop undo \(bundle) --yes -C HQ").contains("already undone by undo-000001"))
        #expect(try ground.output("nightdrop verify --store -C HQ").hasPrefix("all adds up"))
    }
}
