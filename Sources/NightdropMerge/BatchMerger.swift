import NightdropFormats
import NightdropModel

/// Merges a batch into its records. Pure: everything that decides stands in the batch, the records and the context.
///
/// Each operation gets the next CSN, whether it changes anything or not. What an operation does is told by
/// `Formats/merge.md`; the parts stand in `BatchMerger+Create`, `+Fields`, `+Life`.
public struct BatchMerger {
    /// The operations.
    public let batch: MergeBatch
    /// The records, by slot.
    public internal(set) var records: ContiguousArray<MergeRecord>
    /// For each operation, the slot of the record that it was about in the end; -1 where central has none.
    public internal(set) var targets: ContiguousArray<Int32>
    /// For each operation, the change of that record before it; 0 for the first one, -1 where central has no record.
    public private(set) var previous: ContiguousArray<Int64>
    /// The conflicts found.
    public internal(set) var conflicts: [MergeConflict] = []
    /// The stored conflicts settled.
    public internal(set) var closures: [ConflictClosure] = []
    /// The new names of records.
    public internal(set) var aliases: [RecordAlias] = []
    /// What programs said, and about which operation, an index into the batch's.
    public private(set) var answers: [(operation: Int, question: HookQuestion, answer: HookAnswer)] = []

    let context: MergeContext
    // The batch's, which no longer change: looked at for each operation, and an object's property is dearer to look at.
    private let operations: ContiguousArray<ScannedOperation>
    private let slotOf: ContiguousArray<Int32>
    private let entityOf: ContiguousArray<Int32>
    private let slots: ContiguousArray<RecordSlot>
    private let entities: [EntityRules]
    var stored: [Int32: [StoredConflict]]
    /// For a create that may turn out to be a duplicate, the slot of the free id that it would get.
    let spareSlots: [Int: Int32]
    /// By slot, where in `conflicts` those stand that may still be joined or closed.
    var undecided: [Int32: [Int]] = [:]
    /// How many of the batch's faults lie behind.
    private var faultsBehind = 0
    /// The operation that is next, and the run that it belongs to.
    private var position = (run: 0, operation: 0)
    /// The operation that waits for programs to answer.
    private var waiting: (current: Current, questions: [HookQuestion])?
    /// By journal and the id that it uses.
    private var aliasesOfJournal: [Int32: [[UInt8]: [RecordAlias]]] = [:]

    /// What is known of the few operations that break a rule, or that programs have decided about. A class, so that the
    /// others carry nothing of it.
    final class Special {
        /// The fields that are not applied.
        var refusals: [Refusal] = []
        /// What is wrong with a fact that is applied nevertheless.
        var remarks: [Refusal] = []
        /// What programs have said, by field; the empty name stands for whether the record lives.
        var answers: [(field: Bytes, answer: HookAnswer)] = []
    }

    /// What holds for the operation in hand; one for all operations of a run, so that each sets only what is its own.
    struct Current {
        let author: MergeAuthor
        /// What the operation's ranges refer to.
        let text: Bytes
        /// The entity that `rules` are of, an index into the batch's; -1 before the first operation.
        var entity: Int32 = -1
        var rules: EntityRules
        var index = 0
        var operation = ScannedOperation()
        var csn: Int64 = 0
        var time = HybridTime(milliseconds: 0)
        var isDoubtful = false
        var slot = 0
        /// The conflict that this operation of head office decides.
        var decides: Int64?
        /// What is special about it; nil for most operations.
        var special: Special?

        var clock: FieldClock {
            FieldClock(csn: csn, author: author.code, time: time, isDecision: decides != nil, isDoubtful: isDoubtful)
        }

        /// The bytes of a part of the operation, none where it is absent.
        func value(_ range: ByteRange) -> Bytes { range.isPresent ? text[range] : .none }

        /// Whether the author cannot have seen the clock (design of the merge: causality before clocks).
        func isConcurrent(with clock: FieldClock) -> Bool {
            !(author.knows(clock) || operation.base >= clock.csn)
        }
    }

    /// A merger. `records` are the batch's slots as loaded; `stored` the conflicts about those that have any;
    /// `spareSlots` as `DuplicateSlots.prepare` gave them.
    public init(
        batch: MergeBatch, records: ContiguousArray<MergeRecord>, context: MergeContext,
        stored: [Int32: [StoredConflict]], spareSlots: [Int: Int32]
    ) {
        self.batch = batch
        operations = batch.operations
        slotOf = batch.slotOf
        entityOf = batch.entityOf
        slots = batch.index.slots
        entities = batch.entities
        self.records = records
        self.context = context
        self.stored = stored
        self.spareSlots = spareSlots
        targets = []
        targets.reserveCapacity(batch.operations.count)
        previous = []
        previous.reserveCapacity(batch.operations.count)
        for alias in context.aliases {
            aliasesOfJournal[alias.journal, default: [:]][alias.id, default: []].append(alias)
        }
    }

    /// Merges all operations, in order. `ask` answers what only a program can decide.
    public mutating func merge(asking ask: (HookQuestion) throws -> HookAnswer) rethrows {
        var questions = advance([])
        while !questions.isEmpty { questions = advance(try questions.map(ask)) }
    }

    /// Merges all operations, in order, without programs: what only they can decide falls to the later time.
    public mutating func merge() { merge { _ in .failed("no program runs here") } }

    /// Merges operations, in order, up to the next one that only programs can decide. Returns what they are to be asked;
    /// the next call brings the answers, in the same order. Empty once all operations are merged.
    public mutating func advance(_ answers: [HookAnswer]) -> [HookQuestion] {
        if var (current, questions) = waiting {
            waiting = nil
            let special = current.special ?? Special()
            current.special = special
            special.answers = zip(questions, answers).map { question, answer in
                (batch.arena.copy(question.field.map(JSONString.inside) ?? []), answer)
            }
            self.answers += zip(questions, answers).map { (current.index, $0, $1) }
            questions = []
            apply(current)
            chain(current.index)
            position.operation += 1
        }
        while position.run < batch.runs.count {
            let run = batch.runs[position.run]
            position.operation = max(position.operation, run.operations.lowerBound)
            if let author = context.authors[context.runCodes[position.run]], let rules = entities.first {
                var current = Current(author: author, text: run.text.buffer, rules: rules)
                while position.operation < run.operations.upperBound {
                    guard merge(position.operation, &current) else { return waiting?.questions ?? [] }
                    chain(position.operation)
                    position.operation += 1
                }
            }
            position.run += 1
        }
        return []
    }

    /// Gives a new record its number in the store.
    public mutating func number(_ slot: Int, _ rid: Int64) { records[slot].rid = rid }

    /// Makes an operation's change the last of its record.
    private mutating func chain(_ index: Int) {
        let slot = Int(targets[index])
        guard slot >= 0, records[slot].exists else { return previous.append(-1) }
        previous.append(records[slot].head)
        records[slot].head = context.firstCSN + Int64(index)
    }

    /// Merges an operation; false if programs must be asked first.
    private mutating func merge(_ index: Int, _ current: inout Current) -> Bool {
        begin(index, &current)
        targets.append(Int32(current.slot))
        let isFaulty = takeFault(index)
        guard current.author.isCentral || current.rules.isOpenToTerminals else {
            hold(current, .permission, "head office alone writes this")
            return true
        }
        if isFaulty {
            guard sift(&current) else { return true }
        }
        if current.rules.hasHooks {
            let questions = questions(current)
            guard questions.isEmpty else {
                waiting = (current, questions)
                return false
            }
        }
        apply(current)
        return true
    }

    /// Makes an operation the one in hand.
    private func begin(_ index: Int, _ current: inout Current) {
        current.index = index
        current.operation = operations[index]
        current.csn = context.firstCSN + Int64(index)
        current.isDoubtful =
            !current.author.isCentral
            && current.operation.time.milliseconds > context.now + context.skewMilliseconds
        current.time = current.isDoubtful ? HybridTime(milliseconds: context.now) : current.operation.time
        current.slot = target(of: index, current.operation, current.author)
        // An operation's record may bear another id than it says, but is of the same entity.
        let entity = entityOf[index]
        if entity != current.entity {
            current.entity = entity
            current.rules = entities[Int(entity)]
        }
        current.decides = nil
        if current.author.isCentral, current.operation.key.isPresent {
            current.decides = DecisionKey.conflict(current.text[current.operation.key])
        }
        if current.special != nil { current.special = nil }
    }

    private mutating func apply(_ current: Current) {
        var isApplied = true
        switch current.operation.action {
        case .create: isApplied = create(current)
        case .update: update(current)
        case .delete: delete(current)
        }
        if isApplied, let remarks = current.special?.remarks, !remarks.isEmpty { remark(current, remarks) }
        if let conflict = current.decides {
            records[current.slot].hasConflicts = true
            closures.append(
                ConflictClosure(
                    number: conflict, operation: current.index, decided: decidedValue(current), byPerson: true))
        }
    }

    /// The slot that an operation means: its own, or the one that its journal's name for the record leads to.
    private func target(of index: Int, _ operation: ScannedOperation, _ author: MergeAuthor) -> Int {
        let slot = Int(slotOf[index])
        guard !aliasesOfJournal.isEmpty else { return slot }
        let key = slots[slot]
        let rules = entities[Int(key.entity)]
        for code in [author.code] + author.past.map(\.code) {
            guard let candidates = aliasesOfJournal[code]?[Array(key.id)] else { continue }
            for alias in candidates.reversed()
            where alias.entity == rules.policy.name && alias.store == batch.stores[Int(key.store)] {
                // Whoever has seen both records means what he says; a fact's author never sees the suffix.
                if !rules.isFact && operation.base >= alias.csn { return slot }
                let target = alias.target.withUnsafeBytes {
                    batch.slot(entity: key.entity, store: key.store, id: $0)
                }
                return target < records.count ? target : slot
            }
        }
        return slot
    }

    /// Whether an operation is one of the batch's faults, which come in the same order.
    private mutating func takeFault(_ index: Int) -> Bool {
        while faultsBehind < batch.faults.count, batch.faults[faultsBehind] < index { faultsBehind += 1 }
        guard faultsBehind < batch.faults.count, batch.faults[faultsBehind] == index else { return false }
        faultsBehind += 1
        return true
    }

    /// Keeps an operation whole as an open conflict, without applying it.
    mutating func hold(_ current: Current, _ kind: ConflictKind, _ reason: String) {
        let operation = current.operation
        targets[current.index] = records[current.slot].exists ? Int32(current.slot) : -1
        // A person who leaves a record unknown has decided.
        guard current.decides == nil else { return }
        conflicts.append(
            MergeConflict(
                kind: kind, state: .open, operation: current.index, slot: targets[current.index], field: .none,
                base: current.value(operation.was), central: .none, incoming: current.text[operation.line],
                rule: reason,
                decided: .none, number: 0))
    }

    mutating func remember(alias: RecordAlias) {
        aliases.append(alias)
        aliasesOfJournal[alias.journal, default: [:]][alias.id, default: []].append(alias)
    }

    /// What a decision sets; none where it sets nothing, as one about whether the record lives.
    private func decidedValue(_ current: Current) -> Bytes {
        var cursor = FieldCursor(current.text, current.operation.set)
        if let first = cursor.next() {
            return cursor.next() == nil ? current.text[first.value] : current.text[current.operation.set]
        }
        var counters = FieldCursor(current.text, current.operation.add)
        guard let counter = counters.next() else { return .none }
        let record = records[current.slot]
        return record.field(current.text[counter.name]).map { record.fields[$0].value } ?? .none
    }
}

extension UnsafeRawBufferPointer {
    /// No value at all, as against `null`.
    static var none: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
}
