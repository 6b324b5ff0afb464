import Foundation
import Nightdrop
import Testing

/// After any history, once everyone has exchanged: all tills show what head office shows, and nothing acknowledged is lost
/// or there twice.
///
/// A failure prints its seed; `NIGHTDROP_SEED=<seed> swift test --filter ConvergenceTests` replays it.
/// `NIGHTDROP_HISTORIES=<n>` runs more of them.
@Suite struct ConvergenceTests {
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["NIGHTDROP_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        let count = environment["NIGHTDROP_HISTORIES"].flatMap { Int($0) } ?? 12
        return (0..<count).map { _ in UInt64.random(in: 1...UInt64(1) << 40) }
    }()

    @Test(arguments: seeds) func everyoneAgrees(_ seed: UInt64) throws {
        let simulation = try Simulation(seed: seed, tills: 3)
        for _ in 0..<80 { try simulation.step() }
        try simulation.settle()

        for till in simulation.tills {
            for entity in ["product", "customer", "note", "table"] {
                let store = till.settings.store?.text
                let mine = try Simulation.show(store) { try till.records(entity, $0) }
                let theirs = try Simulation.show(store) { try simulation.central.records(entity, $0) }
                #expect(mine == theirs, "\(entity) at \(till.settings.id), seed \(seed)")
            }
            #expect(try till.status().totals.pending == 0, "seed \(seed)")
        }

        var marks: [String] = []
        try simulation.central.records("sale") { sale in
            if let mark = sale["mark"]?.json { marks.append(String(mark.dropFirst().dropLast())) }
        }
        #expect(marks.count == Set(marks).count, "a sale is there twice, seed \(seed)")
        #expect(Set(marks) == simulation.acknowledged, "seed \(seed)")
        #expect(
            try simulation.central.get("customer", "C")?["points"]?.json == String(simulation.points), "seed \(seed)")
        #expect(try simulation.central.days().allSatisfy { $0.agrees != false }, "seed \(seed)")
        let verification = try simulation.central.verifyStore()
        #expect(verification.problems.map(\.text) == [], "seed \(seed)")
        #expect(verification.counters >= 3, "seed \(seed)")
    }
}
