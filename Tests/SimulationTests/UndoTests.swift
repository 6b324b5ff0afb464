import NightdropSimulation
import Testing

/// Undos are operations like any others: whatever is undone, and put back, in between, everyone comes to the same, and the
/// store adds up. `NIGHTDROP_SEED` as in `ConvergenceTests`.
@Suite struct UndoneHistoryTests {
    @Test(arguments: ConvergenceTests.seeds.prefix(30)) func everyoneAgreesAfterUndos(_ seed: UInt64) throws {
        let findings = try UndoneHistory(seed: seed, in: History.defaultDirectory).run()
        #expect(findings.isEmpty, "seed \(seed)")
    }
}
