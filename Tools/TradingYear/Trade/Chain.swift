import Foundation
import Nightdrop

/// Head office and its tills.
actor Chain {
    let work: WorkDirectory
    let central: Central
    private(set) var tills: Set<Till> = []
    private(set) var operations = 0
    private(set) var phases = Phases()

    init(_ work: WorkDirectory) throws {
        self.work = work
        try Data(TradingPolicy.text.utf8).write(to: URL(fileURLWithPath: work.policy))
        guard let id = NodeID("HQ") else { throw Failure("HQ is no id") }
        central = try Central.create(
            at: work.central, id: id, organisation: TradingPolicy.organisation, policy: work.policy)
        try FileManager.default.createDirectory(atPath: work.path + "/tills", withIntermediateDirectories: true)
    }

    /// Makes and enrolls the tills that are not there yet.
    func open(_ wanted: Set<Till>) throws {
        try phases.time(\.enroll) {
            for till in wanted.subtracting(tills).sorted() {
                let (terminal, request) = try Terminal.create(at: work.till(till), id: till.id, store: till.store)
                let grant = try central.enroll(request, to: work.exchange).grant
                try work.keepReturn(grant, for: till.id.text)
                try Chain.check(terminal.take([grant]))
                tills.insert(till)
            }
        }
    }

    /// Head office's changes of a day.
    func record(prices rows: [Row]) throws {
        let count = try phases.time(\.prices) { try PriceList.record(rows, at: central) }
        operations += count
    }

    /// Merges what lies on the carrier, answers, and empties it.
    func merge() throws {
        let report = try phases.time(\.merge) { try central.merge([work.exchange], returnTo: work.exchange) }
        try Chain.check(report.bundles)
        for answer in report.returns { try work.keepReturn(answer.file, for: answer.terminal.text) }
        try work.keepMerged()
    }

    /// The same with the executable.
    func merge(with executable: Executable) throws {
        let answers = try phases.time(\.merge) { try executable.merge(work) }
        for (terminal, file) in answers { try work.keepReturn(file, for: terminal) }
        try work.keepMerged()
    }

    /// Answers every till.
    func answerAll() throws {
        for answer in try phases.time(\.merge, { try central.writeReturns(to: work.exchange) }) {
            try work.keepReturn(answer.file, for: answer.terminal.text)
        }
    }

    func add(_ day: TillDay.Outcome) {
        operations += day.operations
        phases.add(day.phases)
    }

    /// Anything but what is new or known already is an error here: nothing gets lost on this carrier.
    static func check(_ outcomes: [BundleOutcome], _ allowed: Set<BundleOutcome.Outcome> = [.merged, .known]) throws {
        for outcome in outcomes where !allowed.contains(outcome.outcome) {
            throw Failure("\(outcome.file): \(outcome.outcome.rawValue), \(outcome.reason ?? "no reason")")
        }
    }
}

/// Seconds spent, by what they were spent on. The tills' are added up over threads.
struct Phases: Sendable {
    var prices = 0.0
    var enroll = 0.0
    var open = 0.0
    var take = 0.0
    var record = 0.0
    var close = 0.0
    var merge = 0.0

    mutating func time<Answer>(_ phase: WritableKeyPath<Phases, Double>, _ body: () throws -> Answer) rethrows -> Answer
    {
        let clock = Stopwatch()
        defer { self[keyPath: phase] += clock.seconds }
        return try body()
    }

    mutating func add(_ other: Phases) {
        for phase in [\Phases.prices, \.enroll, \.open, \.take, \.record, \.close, \.merge] {
            self[keyPath: phase] += other[keyPath: phase]
        }
    }
}
