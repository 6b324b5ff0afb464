import Foundation
import Nightdrop

/// Trades a year of real invoices through the library: tills record and close, head office merges and answers, and at the
/// end everything is compared with the files that it came from.
@main
enum TradingYear {
    static func main() async {
        do {
            let options = try Options(Array(ProcessInfo.processInfo.arguments.dropFirst()))
            let differences = try await run(options)
            exit(differences.isEmpty ? 0 : 1)
        } catch {
            Report.note("trade-year: \(error)")
            exit((error as? Failure)?.status ?? 74)
        }
    }

    private static func run(_ options: Options) async throws -> [String] {
        let data = try DataDirectory(options.data, days: options.days)
        let work = try WorkDirectory(options.keep)
        defer { work.removeIfTemporary() }
        if let seed = options.disagree { return try disagree(data, work, seed: seed) }
        let clock = Stopwatch()
        let chain = try Chain(work)
        let year = Year(chain, data, options)
        try await year.trade()
        try await year.settle()
        let operations = await chain.operations
        Report.trade(operations: operations, seconds: clock.seconds, phases: await chain.phases)
        var checks = Checks(chain: chain, expected: try ExpectedFigures(data))
        try await checks.run()
        Report.sizes(work)
        Report.end(checks.differences, seconds: clock.seconds)
        return checks.differences
    }

    private static func disagree(_ data: DataDirectory, _ work: WorkDirectory, seed: UInt64) throws -> [String] {
        let clock = Stopwatch()
        var quarrel = try Quarrel(work, seed: seed)
        for day in data.days {
            try quarrel.day(data.rows(of: day))
            Report.note("\(day): \(quarrel.edits) edits, \(quarrel.found) disagreements so far")
        }
        try quarrel.check()
        Report.line("\(quarrel.edits) edits on \(data.days.count) days, \(quarrel.found) disagreements found")
        Report.end(quarrel.differences, seconds: clock.seconds)
        return quarrel.differences
    }
}
