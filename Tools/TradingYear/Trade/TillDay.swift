import Nightdrop

/// A day at one till: take what head office answered, sell, close.
struct TillDay: Sendable {
    let till: Till
    let day: String
    let invoices: [Invoice]

    /// What it took.
    struct Outcome: Sendable {
        var operations = 0
        var phases = Phases()
    }

    /// Through the library.
    func trade(_ work: WorkDirectory) throws -> Outcome {
        var outcome = Outcome()
        let terminal = try outcome.phases.time(\.open) { try Terminal(at: work.till(till)) }
        try outcome.phases.time(\.take) { try Chain.check(terminal.take([work.exchange])) }
        let composer = InvoiceDrafts(
            exists: { try terminal.get($0, $1) != nil }, country: { try terminal.get("customer", $0)?["country"] })
        try outcome.phases.time(\.record) {
            for invoice in invoices {
                let drafts = try composer.drafts(for: invoice)
                let recorded = try terminal.record(drafts)
                guard recorded.faults.isEmpty else {
                    throw Failure("\(till.id), invoice \(invoice.number): \(recorded.faults.joined(separator: " "))")
                }
                outcome.operations += drafts.count
            }
        }
        try outcome.phases.time(\.close) { _ = try terminal.close(day: day, to: work.exchange) }
        return outcome
    }

    /// With the executable, which a POS in any language may run.
    func trade(_ work: WorkDirectory, with executable: Executable) throws -> Outcome {
        var outcome = Outcome()
        let node = work.till(till)
        try outcome.phases.time(\.take) { try executable.take(work.exchange, at: node) }
        let commits = try commits(node)
        try outcome.phases.time(\.record) { try executable.record(commits, at: node) }
        try outcome.phases.time(\.close) { try executable.close(day, to: work.exchange, at: node) }
        outcome.operations = commits.reduce(0) { $0 + $1.count }
        return outcome
    }

    /// All commits of the day, composed ahead of the first.
    private func commits(_ node: String) throws -> [[OperationDraft]] {
        let terminal = try Terminal(at: node)
        var made: Set<[String]> = []
        var countries: [String: FieldValue] = [:]
        return try invoices.map { invoice in
            let composer = InvoiceDrafts(
                exists: { try made.contains([$0, $1]) || terminal.get($0, $1) != nil },
                country: { try countries[$0] ?? terminal.get("customer", $0)?["country"] })
            let drafts = try composer.drafts(for: invoice)
            for draft in drafts where draft.entity == "inventory" || draft.entity == "customer" {
                made.insert([draft.entity, draft.id])
                if let country = draft.set.first(where: { $0.name == "country" }) {
                    countries[draft.id] = country.value
                }
            }
            return drafts
        }
    }
}
