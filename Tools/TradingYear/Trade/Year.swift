import Foundation
import Nightdrop

/// Trades day after day.
struct Year {
    private let chain: Chain
    private let data: DataDirectory
    private let options: Options
    private let executable: Executable?

    init(_ chain: Chain, _ data: DataDirectory, _ options: Options) {
        self.chain = chain
        self.data = data
        self.options = options
        executable = options.throughCommandLine.isEmpty ? nil : Executable()
        if executable == nil, !options.throughCommandLine.isEmpty {
            Report.line("nightdrop lacks the commands that a day takes: all days go through the library")
        }
    }

    /// All days.
    func trade() async throws {
        var progress = Progress()
        var rule = TillRule()
        for day in data.days {
            let rows = try data.rows(of: day)
            let invoices = try Invoice.invoices(of: rows, &rule)
            let days = Dictionary(grouping: invoices, by: \.till).sorted { $0.key < $1.key }
                .map { TillDay(till: $0.key, day: day, invoices: $0.value) }
            let executable = options.throughCommandLine.contains(day) ? executable : nil
            try await chain.record(prices: rows)
            try await chain.open(Set(days.map(\.till)))
            try await trade(days, executable)
            if let executable { try await chain.merge(with: executable) } else { try await chain.merge() }
            progress.end(
                Progress.Counts(
                    days: 1, tillDays: days.count, invoices: invoices.count, lines: rows.count,
                    operations: await chain.operations),
                of: day, throughCommandLine: executable != nil)
        }
        progress.endMonth()
    }

    /// Brings every till up to date.
    func settle() async throws {
        try await chain.answerAll()
        let work = chain.work
        let tills = await chain.tills
        try await each(tills.sorted()) { till in
            try Chain.check(try Terminal(at: work.till(till)).take([work.exchange]))
            return TillDay.Outcome()
        }
    }

    private func trade(_ days: [TillDay], _ executable: Executable?) async throws {
        let work = chain.work
        try await each(days) { day in
            if let executable { try day.trade(work, with: executable) } else { try day.trade(work) }
        }
    }

    /// Tills work beside each other, as many as there are cores.
    private func each<Item: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item) throws -> TillDay.Outcome
    ) async throws {
        try await withThrowingTaskGroup(of: TillDay.Outcome.self) { group in
            for item in items { group.addTask { try body(item) } }
            for try await outcome in group { await chain.add(outcome) }
        }
    }
}
