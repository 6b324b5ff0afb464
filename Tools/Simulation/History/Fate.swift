import Nightdrop

/// What may become of head office: now and then it is backed up, now and then lost, and the last backup takes its place.
struct Fate {
    private var random: SeededNumbers
    private var backup: String?

    init(_ seed: UInt64) { random = SeededNumbers(~seed) }

    mutating func strike(_ chain: SimulatedChain) throws {
        guard let copy = backup, random.oneIn(2) else {
            if backup == nil || random.oneIn(2) { backup = try chain.copyCentral("HQ-backup") }
            return
        }
        try chain.replaceCentral(by: copy)
        // Else the first till that comes by shows it.
        if random.oneIn(2) { _ = try chain.central.declareRestored() }
    }

    /// Whether bundles wait because they are of an epoch that head office knows nothing of.
    static func isStrange(_ report: MergeReport) -> Bool {
        report.bundles.contains { $0.outcome == .waiting && $0.reason?.hasPrefix("other-epoch:") == true }
    }
}
