import Foundation
import Nightdrop

/// Compares head office with the data, the tills with head office, and everything with itself after a second import.
struct Checks {
    /// So many differences of one kind are named; the others are counted.
    private static let named = 10

    let chain: Chain
    let expected: ExpectedFigures
    private(set) var differences: [String] = []

    init(chain: Chain, expected: ExpectedFigures) {
        self.chain = chain
        self.expected = expected
    }

    mutating func run() async throws {
        let central = chain.central
        try books(central)
        try days(central)
        try conflicts(central)
        let tills = await chain.tills.sorted()
        try self.tills(tills, "")
        try importAgain(central)
        try takeAgain(tills)
        try self.tills(tills, ", after taking every answer again")
    }

    /// Sales, lines, quantity, value, stock and customers.
    private mutating func books(_ central: Central) throws {
        let (expected, found) = (expected.books, try CentralFigures(central).books)
        var rows = [["till", "sales", "movements", "lines", "quantity", "value", ""]]
        for till in Set(expected.invoices.keys).union(found.invoices.keys).sorted() {
            let agrees = expected.invoices[till] == found.invoices[till]
            rows.append([till.id.text] + found.figures(of: till).cells + [agrees ? "agrees" : "DIFFERS"])
            note(expected.invoices[till] ?? [:], found.invoices[till] ?? [:], "\(till.id), invoice") { "\($0.cells)" }
        }
        rows.append(["head office"] + found.total.cells + [""])
        rows.append(["the files"] + expected.total.cells + [found.total == expected.total ? "agrees" : "DIFFERS"])
        if found.total != expected.total { differences.append("the total is \(found.total), not \(expected.total)") }
        Report.line()
        Report.table(rows)
        Report.line()
        for store in Set(expected.stock.keys).union(found.stock.keys).sorted() {
            // What was sold and returned within one invoice never was a change.
            let moved = (expected.stock[store] ?? [:]).filter { $0.value != 0 || found.stock[store]?[$0.key] != nil }
            note(moved, found.stock[store] ?? [:], "stock of \(store),") { "\($0)" }
        }
        note(expected.customers, found.customers, "customer") { "\($0.cells)" }
        Report.line(
            "stock: \(found.stock.values.reduce(0) { $0 + $1.count }) counters of \(found.stock.count) stores; "
                + "customers: \(found.customers.count)")
    }

    /// Every till-day is closed, and its totals are the files'.
    private mutating func days(_ central: Central) throws {
        let statuses = try central.days()
        var found: [String: Figures] = [:]
        var problems: [String] = []
        for status in statuses {
            let name = "\(status.terminal) on \(status.day)"
            if !status.isClosed || status.agrees != true {
                problems.append("\(name): closed \(status.isClosed), differs in \(status.differences)")
            }
            let (sale, movement) = (status.totals.entries["sale"], status.totals.entries["stock_movement"])
            found[name] = Figures(
                sales: Int(sale?.creates ?? 0), movements: Int(movement?.creates ?? 0),
                quantity: Int64(movement?.sum?.normalized.text ?? "0") ?? .min,
                value: Figures.amount(sale?.sum?.text ?? "0") ?? .min)
        }
        var wanted: [String: Figures] = [:]
        for (till, days) in expected.books.days {
            for (day, figures) in days { wanted["\(till.id) on \(day)"] = figures }
        }
        note(problems)
        note(wanted, found, "days:") { "\($0.cells)" }
        let good = statuses.filter { $0.isClosed && $0.agrees == true }.count
        Report.line("days: \(statuses.count) till-days, \(good) closed and agreeing; \(wanted.count) in the files")
    }

    /// Head office only: what there is to look at after a year.
    private func conflicts(_ central: Central) throws {
        var counts: [String: Int] = [:]
        try central.conflicts(all: true) { counts["\($0.kind) of \($0.entity), \($0.state)", default: 0] += 1 }
        let words = counts.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
        Report.line("conflicts: \(words.isEmpty ? "none" : words.joined(separator: "; "))")
    }

    /// Every till shows what head office shows, of everything that it receives.
    private mutating func tills(_ tills: [Till], _ when: String) throws {
        var images: [String: RecordImages] = [:]
        for entity in TradingPolicy.received { images[entity] = try RecordImages(of: entity, chain.central) }
        var compared = 0
        for till in tills {
            let terminal = try Terminal(at: chain.work.till(till))
            for entity in TradingPolicy.received {
                let wanted = images[entity]?.visible(in: till.store.text) ?? [:]
                var shown: [String: String] = [:]
                try terminal.records(entity) { shown[$0.id] = RecordImages.image($0) }
                compared += wanted.count
                note(wanted, shown, "\(till.id) shows of \(entity)") { $0 }
            }
            let pending = try terminal.status().totals.pending
            if pending != 0 { differences.append("\(till.id) has \(pending) operations without a receipt") }
        }
        Report.line("tills: \(tills.count) tills show \(compared) records as head office does\(when)")
    }

    /// Every bundle again, in another order.
    private mutating func importAgain(_ central: Central) throws {
        let (csn, hash) = try RecordImages.hash(of: central)
        let clock = Stopwatch()
        let bundles = try chain.work.bundles().shuffled()
        var outcomes: [String: Int] = [:]
        for start in stride(from: 0, to: bundles.count, by: 500) {
            let report = try central.merge(Array(bundles[start..<min(start + 500, bundles.count)]))
            for bundle in report.bundles {
                outcomes[bundle.outcome.rawValue, default: 0] += 1
                if bundle.outcome != .known {
                    differences.append("\(bundle.file) again: \(bundle.outcome.rawValue), \(bundle.reason ?? "")")
                }
            }
        }
        let (csnAfter, hashAfter) = try RecordImages.hash(of: central)
        if csn != csnAfter { differences.append("importing again moved the CSN from \(csn) to \(csnAfter)") }
        if hash != hashAfter { differences.append("importing again changed records: \(hash) became \(hashAfter)") }
        let words = outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        Report.line(
            "again, shuffled: \(bundles.count) bundles, \(words), \(Report.fixed(clock.seconds, 1)) s; CSN \(csn) and \(csnAfter)"
        )
        Report.line("records: \(hash), again \(hashAfter)")
    }

    /// Every answer again, in another order.
    private mutating func takeAgain(_ tills: [Till]) throws {
        var count = 0
        for till in tills {
            let terminal = try Terminal(at: chain.work.till(till))
            let answers = try chain.work.answers(to: till).shuffled()
            count += answers.count
            for outcome in try terminal.take(answers) where outcome.outcome != .known {
                differences.append("\(outcome.file) again: \(outcome.outcome.rawValue), \(outcome.reason ?? "")")
            }
        }
        Report.line("again, shuffled: \(count) answers at the tills")
    }

    // MARK: Differences

    private mutating func note(_ problems: [String]) {
        differences += problems.prefix(Checks.named)
        if problems.count > Checks.named { differences.append("… and \(problems.count - Checks.named) more like it") }
    }

    private mutating func note<Value: Equatable>(
        _ wanted: [String: Value], _ found: [String: Value], _ name: String, _ text: (Value) -> String
    ) {
        var problems: [String] = []
        guard wanted != found else { return }
        for key in Set(wanted.keys).union(found.keys).sorted() where wanted[key] != found[key] {
            problems.append(
                "\(name) \(key): \(found[key].map(text) ?? "nothing"), not \(wanted[key].map(text) ?? "nothing")")
        }
        note(problems)
    }
}

extension WorkDirectory {
    fileprivate func bundles() throws -> [String] { try files(in: keptBundles) }
    fileprivate func answers(to till: Till) throws -> [String] { try files(in: keptReturns(till)) }

    private func files(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(folder)/\($0)" }
    }
}
