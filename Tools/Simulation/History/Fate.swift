import Nightdrop

/// What may become of head office: now and then it is backed up, now and then lost, and the last backup takes its place.
struct Fate {
    private var random: SeededNumbers
    private var backup: String?
    /// Whether the backup has taken head office's place before.
    private var isUsed = false

    init(_ seed: UInt64) { random = SeededNumbers(~seed) }

    mutating func strike(_ chain: SimulatedChain) throws {
        guard let copy = backup, random.oneIn(2) else {
            if backup == nil || random.oneIn(2) {
                backup = try chain.copyCentral("HQ-backup")
                isUsed = false
            }
            return
        }
        try chain.replaceCentral(by: copy)
        // Else the first till that comes by shows it. But an answer of the life in between may still be on its way, which
        // a till would follow that nobody has led elsewhere.
        if random.oneIn(2) || isUsed { _ = try chain.central.declareRestored() }
        isUsed = true
    }

    /// Whether bundles wait because they are of an epoch that head office knows nothing of.
    static func isStrange(_ report: MergeReport) -> Bool {
        report.bundles.contains { $0.outcome == .waiting && $0.reason?.hasPrefix("other-epoch:") == true }
    }
}
