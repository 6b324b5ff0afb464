import Nightdrop
import NightdropModel
import NightdropStore

/// Accounts for each operation: it is at head office once, and exactly one thing became of it. What log, history and conflicts
/// tell of it must fit together.
struct Accounts {
    /// What may become of an operation.
    enum Fate: String, CaseIterable {
        /// It changed the record.
        case applied
        /// The record was like that already.
        case converged
        /// It met a value that its author had not seen.
        case conflict
        /// It was kept, and not applied.
        case held
    }

    private let chain: SimulatedChain
    private var conflicts: [Int64: ConflictRow] = [:]

    init(_ chain: SimulatedChain) throws {
        self.chain = chain
        var rows: [Int64: ConflictRow] = [:]
        try chain.central.conflicts(all: true) { rows[$0.number] = $0 }
        conflicts = rows
    }

    /// What does not fit, a sentence each.
    func findings() throws -> [String] {
        var findings: [String] = []
        var log: [Int64: LoggedOperation] = [:]
        var numbers: [String: [Int64]] = [:]
        var records: Set<RecordName> = []
        var filter = LogFilter()
        filter.events = false
        try chain.central.log(filter, limit: .max) { entry in
            guard case .change(let change) = entry else { return }
            log[change.entry.csn] = change
            numbers[change.entry.node, default: []].append(change.entry.seq)
            records.insert(RecordName(entity: change.entity, store: change.store, id: change.id))
        }
        for (node, count) in chain.operations where numbers[node]?.sorted() != (count > 0 ? Array(1...count) : nil) {
            findings.append("of \(count) operations of \(node) head office has \(numbers[node]?.count ?? 0)")
        }
        if log.count != numbers.values.reduce(0, { $0 + $1.count }) { findings.append("two changes share a number") }
        var told: [Int64: Fate] = [:]
        for record in records {
            let history = try chain.central.history(record.entity, record.id, store: record.store, limit: .max)
            findings += try check(history, record)
            for entry in history.entries {
                if told.updateValue(fate(entry), forKey: entry.csn) != nil {
                    findings.append("change \(entry.csn) is in two histories")
                }
                if let same = log[entry.csn], same.isTold, fate(same.entry) != fate(entry) {
                    findings.append(
                        "change \(entry.csn) is \(fate(same.entry)) in the log, \(fate(entry)) in the history")
                }
            }
        }
        for (csn, change) in log where told[csn] == nil {
            // Of what central has no record, only the log can tell.
            if !change.isTold || ![.held, .converged].contains(fate(change.entry)) {
                findings.append("change \(csn) is accounted for nowhere")
            } else if fate(change.entry) == .held {
                findings += missingConflict(change.entry, change.entity)
            }
        }
        findings += conflicts.values.filter { log[$0.csn] == nil }.map { "conflict \($0.number) is of no operation" }
        return findings
    }

    private struct RecordName: Hashable {
        let entity: String
        let store: String?
        let id: String
    }

    private func fate(_ entry: HistoryEntry) -> Fate {
        switch entry.outcome {
        case .applied: .applied
        case .converged: .converged
        case .won, .merged, .lost, .waiting: .conflict
        case .held: .held
        }
    }

    /// Each change begins where the one before has ended, the last one ends at what head office has, and each is what it is
    /// said to be.
    private func check(_ history: RecordHistory, _ record: RecordName) throws -> [String] {
        var findings: [String] = []
        let name = "\(record.entity) \(record.id)"
        if !history.undecidable.isEmpty || history.isLifeUndecidable {
            findings.append("of \(name) cannot be told: \(history.undecidable), life: \(history.isLifeUndecidable)")
        }
        var values: [String: String] = [:]
        var lives: Bool?
        for entry in history.entries.reversed() {
            // After its tombstone was removed, a record begins anew.
            if entry.livedBefore == nil, lives != nil { (values, lives) = ([:], nil) }
            var hasChanged = entry.livedBefore != entry.livedAfter
            if entry.livedBefore != lives { findings.append("change \(entry.csn) of \(name): whether it lived") }
            lives = entry.livedAfter
            for field in entry.fields {
                if field.before?.json != values[field.name] {
                    findings.append("change \(entry.csn) of \(name): \(field.name) was \(values[field.name] ?? "-")")
                }
                if field.before?.json != field.after?.json { hasChanged = true }
                values[field.name] = field.after?.json
            }
            switch fate(entry) {
            case .applied where !hasChanged: findings.append("change \(entry.csn) of \(name) is applied to no effect")
            case .converged where hasChanged: findings.append("change \(entry.csn) of \(name) converged and changed it")
            case .conflict, .held: findings += missingConflict(entry, record.entity)
            default: break
            }
        }
        let present = try chain.central.record(record.entity, record.id, store: record.store, at: .max)
        for field in present?.fields ?? [] where values[field.name] != field.value.json {
            findings.append("\(name): \(field.name) is \(field.value.json), its history ends with another")
        }
        if let present, present.lives != lives { findings.append("\(name): its history ends otherwise") }
        return findings
    }

    private func missingConflict(_ entry: HistoryEntry, _ entity: String) -> [String] {
        let numbers = ([entry.conflict] + entry.fields.map(\.conflict)).compactMap(\.self)
        let isThere = !numbers.isEmpty && numbers.allSatisfy { conflicts[$0]?.entity == entity }
        return isThere ? [] : ["change \(entry.csn) is \(entry.outcome), and no conflict says so"]
    }
}
