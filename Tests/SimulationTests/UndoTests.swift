import Foundation
import Nightdrop
import Testing

/// Undos are operations like any others: whatever is undone, and put back, in between, everyone comes to the same, and the
/// store adds up. `NIGHTDROP_SEED` and `NIGHTDROP_HISTORIES` as in `ConvergenceTests`.
@Suite struct UndoneHistoryTests {
    @Test(arguments: ConvergenceTests.seeds.prefix(6)) func everyoneAgreesAfterUndos(_ seed: UInt64) throws {
        let simulation = try Simulation(seed: seed, tills: 3)
        for number in 0..<60 {
            try simulation.step()
            if number % 8 == 7 { try simulation.undo() }
        }
        try simulation.settle()
        for till in simulation.tills {
            for entity in ["product", "customer", "note", "table"] {
                let store = till.settings.store?.text
                let mine = try Simulation.show(store) { try till.records(entity, $0) }
                let theirs = try Simulation.show(store) { try simulation.central.records(entity, $0) }
                #expect(mine == theirs, "\(entity) at \(till.settings.id), seed \(seed)")
            }
        }
        #expect(try simulation.central.verifyStore().problems.map(\.text) == [], "seed \(seed)")
    }

    /// What is undone right after it was merged leaves what was there before.
    @Test(arguments: ConvergenceTests.seeds.prefix(4)) func anUndoLeavesWhatWasThere(_ seed: UInt64) throws {
        let simulation = try Simulation(seed: seed, tills: 2)
        for _ in 0..<40 { try simulation.step() }
        try simulation.settle()
        let before = try simulation.values()
        for till in simulation.tills { for _ in 0..<5 { try simulation.trade(till) } }
        try simulation.settle()
        let after = try simulation.values()
        let bundles = try simulation.merged().suffix(simulation.tills.count)
        for bundle in bundles.reversed() { _ = try simulation.central.undo(bundle, by: "Clara") }
        #expect(try simulation.values() == before, "seed \(seed)")
        for bundle in bundles {
            let undone = try simulation.central.undo(bundle, by: "Clara").alreadyUndoneBy
            _ = try simulation.central.undo(try #require(undone), by: "Clara")
        }
        #expect(try simulation.values() == after, "seed \(seed)")
    }
}
