import Nightdrop

enum MergeMeasurement {
    /// Merges bundles into head office at a path. `seconds` is without the time in which nothing went on but copying into
    /// inbox and archive; `copies` is all time spent on that, `held` what was left out of `seconds`.
    static func merge(_ central: String, _ paths: [String]) throws -> Measurement {
        let clock = CopyClock()
        let central = try Central(at: central, fileSystem: clock)
        var result = try Measurement.of {
            let report = try central.merge(paths)
            guard let odd = report.bundles.first(where: { $0.outcome != .merged }) else {
                return report.bundles.reduce(0) { $0 + $1.new }
            }
            throw BenchmarkError("\(odd.file) was not merged: \(odd.outcome) \(odd.reason ?? "")")
        }
        result.seconds -= clock.held
        result.more = ["copies": clock.seconds, "held": clock.held]
        return result
    }
}
