extension Run {
    /// How fast the merge decides, apart from reading and writing anything, on one core.
    mutating func decide() throws {
        let count = isQuick ? 100_000 : 1_000_000
        var measured: [Measurement] = []
        for pair in 1...pairs {
            say("decide \(pair) of \(pairs)")
            measured.append(try child.measure("decide", "\(count)"))
        }
        let speed = Double(measured[0].operations) / measured.median(\.cpu)
        let share = (measured[0].more["conflicts"] ?? 0) / Double(measured[0].operations) * 100
        results.add(
            "merge: deciding in memory, \(Int(share.rounded())) % conflicts", rate(speed), floor: rate(1_500_000),
            ratio: speed / 1_500_000, .atLeast(1))
        let grouping = measured.median { $0.more["grouping"] ?? 0 } / Double(measured[0].operations)
        results.add("merge: checking and grouping by record, before", nanoseconds(grouping))
    }

    private func nanoseconds(_ seconds: Double) -> String { "\(Int((seconds * 1e9).rounded())) ns" }
}
