import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

/// A commit while it is composed: sees the present state, and its own changes on top.
struct Composition {
    var memory = Memory()
    private let store: TerminalDatabase
    private let turn: Int64
    /// What the changed records were before, in the order of the changes.
    private var changed: [(key: RecordKey, before: Memory.Entry?)] = []
    private var commit: StagedCommit?
    private var key: String?

    init(_ store: TerminalDatabase, turn: Int64) {
        self.store = store
        self.turn = turn
    }

    /// The cursor's CSN; nil before the first snapshot.
    var csn: Int64? { memory.csn }
    /// How often something of central was applied.
    var generation: Int64 { memory.generation }

    /// The numbers of an earlier commit with the same key.
    func numbers(ofKey key: String) throws -> ClosedRange<Int64>? {
        try memory.keys[key] ?? store.lookUp { try $0.key(key) }
    }

    /// How the entity is written here already, if that differs in case.
    func otherSpelling(of entity: String) throws -> String? {
        if memory.entities.contains(entity) { return nil }
        let lower = entity.lowercased()
        if let known = memory.entities.first(where: { $0.lowercased() == lower }) { return known }
        return try store.lookUp { try $0.spelling(of: entity) }
    }

    /// Appends drafts, each filled in knowing what those before it have changed. `foresight`: what was found out before.
    mutating func append(
        _ drafts: [OperationDraft], _ foresight: Foresight?, to builder: inout CommitBuilder,
        _ filling: inout DraftFilling
    ) throws -> ClosedRange<Int64> {
        let foreseen = foresight?.generation == filling.rules.generation ? foresight?.drafts : nil
        let isStoreTheSame = foresight?.turn == turn
        let first = builder.nextSeq
        let numbers = try builder.append(count: drafts.count) { index in
            try compose(
                drafts[index], foreseen?[index], isStoreTheSame: isStoreTheSame, seq: first + Int64(index), &filling)
        }
        commit = builder.withWritten { text, written in
            // Other commits may stand before this one under the same sync.
            let operations = written.drop { $0.seq < numbers.lowerBound }
            guard let first = operations.first, let last = operations.last else { return nil }
            let start = Int(first.line.start)
            let lines = Array(text[start..<Int(last.line.end)])
            return StagedCommit(
                first: first.seq, last: last.seq, lines: lines, operations: operations.map { $0.moved(by: -start) })
        }
        key = drafts.first?.key
        return numbers
    }

    /// Makes it part of what is shown.
    mutating func settle() {
        if let commit { memory.take(commit, key: key) }
        for (record, _) in changed { memory.note(record.entity) }
    }

    /// Takes its changes back.
    mutating func revert() {
        for (record, before) in changed.reversed() { memory.records[record] = before }
    }

    /// The operation for a draft; from now on its record is known as that makes it.
    private mutating func compose(
        _ draft: OperationDraft, _ foreseen: Foresight.Draft?, isStoreTheSame: Bool, seq: Int64,
        _ filling: inout DraftFilling
    ) throws -> PreparedOperation {
        let record = RecordKey(draft.entity, draft.id)
        var known: Memory.Entry?
        if isStoreTheSame, let foreseen, let ready = foreseen.composed {
            known = memory.records.updateValue(Memory.Entry(state: ready.after, seq: seq), forKey: record)
            changed.append((record, known))
            if known == nil {
                filling.add(faults: foreseen.faults)
                return ready.prepared
            }
        } else {
            known = memory.records[record]
            changed.append((record, known))
        }
        let before = try known?.state ?? store.record(record.entity, record.id)
        let composed = try ComposedOperation(draft, on: before, &filling, violations: foreseen?.violations)
        memory.records[record] = Memory.Entry(state: composed.after, seq: seq)
        return composed.prepared
    }
}
