import ArgumentParser
import Foundation

@main
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures Nightdrop against what disk, SQLite and gzip need for the same, in one run, by turns.",
        subcommands: [All.self, Measure.self], defaultSubcommand: All.self)
}

struct All: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "all", shouldDisplay: false)

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case record, seal, decide, merge, `return`, watch, curve
    }

    @Option(help: "The C program that makes the floors.") var floor: String
    @Option(help: "Where to put the data; it must be on the disk that is to be measured.") var directory =
        ".build/bench"
    @Option(help: "How many pairs of measurements, at least 3.") var pairs = 3
    @Option(help: "Only this part: record, seal, decide, merge, return, watch, curve. May be repeated.") var only:
        [Part] = []
    @Flag(help: "A minute's run on little data, to see that all of it works. Judges nothing.") var quick = false
    @Flag(help: "Follow the cost of an operation up to 10,000,000 of them; takes long.") var curve = false
    @Flag(help: "One JSON document instead of a table.") var json = false

    func run() throws {
        let parts = only.isEmpty ? Part.allCases : only
        var run = try Run(
            floor: floor, directory: URL(fileURLWithPath: directory).path, isQuick: quick, pairs: pairs)
        if parts.contains(.record) { try run.record() }
        if parts.contains(.seal) { try run.sealAndExport() }
        if parts.contains(.decide) { try run.decide() }
        if parts.contains(.merge) || parts.contains(.return) { try run.makeCorpus() }
        if parts.contains(.merge) { try run.merge() }
        if parts.contains(.return) { try run.answer() }
        if parts.contains(.merge) { try run.mergeRandomIDs() }
        if parts.contains(.watch) { try run.watch() }
        if parts.contains(.curve) { try run.curve(days: curve ? 100 : quick ? 3 : 10) }
        try run.remove(run.directory)
        print(json ? run.results.json : run.results.table)
        if !quick && !run.results.areMet { throw ExitCode(1) }
    }
}

/// The parts that run in processes of their own.
struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Argument var arguments: [String]

    func run() throws {
        let rest = Array(arguments.dropFirst())
        func number<Value: FixedWidthInteger>(_ index: Int) throws -> Value {
            guard rest.indices.contains(index), let value = Value(rest[index]) else {
                throw BenchmarkError("\(arguments.joined(separator: " ")): argument \(index + 1) is no number")
            }
            return value
        }
        switch (arguments.first, rest.count) {
        case ("make", 4...):
            try Measurement.of {
                try Corpus.make(
                    at: rest[0], days: rest[1].split(separator: ",").compactMap { Int($0) }, seed: number(2),
                    customerLimit: number(3), folders: rest.last == "folders", hasRandomIDs: rest.last == "uuids")
                return 0
            }.report()
        case ("decide", 1): try DecideMeasurement.decide(operations: number(0)).report()
        case ("merge", 2...): try MergeMeasurement.merge(rest[0], Array(rest.dropFirst())).report()
        case ("latency", 3): try RecordMeasurement.latency(rest[0], pairs: number(1), commits: number(2)).report()
        case ("journal", 3): try RecordMeasurement.journal(rest[0], pairs: number(1), commits: number(2)).report()
        case ("groups", 3): try RecordMeasurement.groups(rest[0], pairs: number(1), commits: number(2)).report()
        case ("burst", 2): try RecordMeasurement.burst(rest[0], operations: number(1)).report()
        case ("seal", 3...):
            try ExportMeasurement.seal(
                rest[0], operations: number(1), seed: number(2), keepsLines: rest.last == "lines"
            ).report()
        case ("visible", 2): try WatchMeasurement.visible(rest[0], samples: number(1)).report()
        case ("idle", 4):
            try WatchMeasurement.idle(rest[0], terminals: number(1), enrolled: number(2), seconds: number(3)).report()
        case ("applying", 2): try WatchMeasurement.applying(rest[0], records: number(1)).report()
        case ("answer", 3): try ExportMeasurement.answer(rest[0], rest[1], to: rest[2]).report()
        default: throw BenchmarkError("unknown: \(arguments.joined(separator: " "))")
        }
    }
}
