import Foundation

extension Run {
    /// Merges day after day of 100,000 operations, and compares what an operation costs at the beginning and at the end.
    mutating func curve(days count: Int) throws {
        let perTill = isQuick ? 40 : 2_000
        say("curve: \(count) days of \(perTill * Till.tills) operations")
        let corpus = directory + "/curve"
        _ = try child.measure(
            "make", corpus, Array(repeating: "\(perTill)", count: count).joined(separator: ","), "\(seed)", "500",
            "folders")
        var days: [Measurement] = []
        for day in 1...count {
            days.append(
                try child.measure("merge", corpus + "/central", corpus + "/bundles/day-\(Till.digits(day, 4))"))
            try remove(corpus + "/bundles/day-\(Till.digits(day, 4))")
        }
        // Single days differ; three around each point are taken together.
        func cost(_ day: Int) -> (wall: Double, cpu: Double) {
            let around = Array(days[max(0, min(day, count) - 2)..<min(count, max(day, 2) + 1)])
            let operations = Double(days[0].operations)
            return (around.median(\.seconds) / operations, around.median(\.cpu) / operations)
        }
        let first = cost(1)
        for day in [1, 3, 10, 30, 100] where day <= count {
            let here = cost(day)
            results.add(
                "curve: \(perTill * Till.tills * day) operations, time of one",
                String(format: "%.2f us (%.2f us cpu)", here.wall * 1e6, here.cpu * 1e6),
                floor: String(format: "%.2f us", first.wall * 1e6), ratio: here.wall / first.wall,
                day == count ? .atMost(1.5) : .none)
        }
        results.memory(
            "merge at \(perTill * Till.tills * count) operations", days.map(\.peak).max() ?? 0, mebibytes: 512)
        try remove(corpus)
    }
}
