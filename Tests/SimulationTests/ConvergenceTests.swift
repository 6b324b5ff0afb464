import Foundation
import NightdropSimulation
import Testing

/// After any history, once everyone has exchanged: all tills show what head office shows, nothing acknowledged is lost or
/// there twice, and no order of arrival gives another result where none may.
///
/// A failure prints its seed; `NIGHTDROP_SEED=<seed> swift test --filter ConvergenceTests` replays it, as does
/// `Tools/simulate --seed <seed>`. `NIGHTDROP_HISTORIES=<n>` runs so many others,
/// drawn at random.
@Suite struct ConvergenceTests {
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["NIGHTDROP_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        // The same ones each time, so that a change is to blame for a failure; others are for longer runs.
        guard let count = environment["NIGHTDROP_HISTORIES"].flatMap({ Int($0) }) else { return Array(1...200) }
        return (0..<count).map { _ in UInt64.random(in: 1...UInt64(1) << 40) }
    }()

    @Test(arguments: seeds) func everyoneAgrees(_ seed: UInt64) throws {
        let findings = try History(seed: seed, in: History.defaultDirectory).run()
        #expect(findings.isEmpty, "seed \(seed)")
    }

    @Test(arguments: seeds.prefix(60)) func everyoneAgreesAfterRestores(_ seed: UInt64) throws {
        let findings = try History(seed: seed, in: History.defaultDirectory, restores: true).run()
        #expect(findings.isEmpty, "seed \(seed)")
    }
}
