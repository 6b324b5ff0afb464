import NightdropFormats
import NightdropModel

/// What only a program can decide: two values for one field, or whether a record lives. Values are JSON texts.
public struct HookQuestion: Sendable, Equatable {
    /// One of the two values, and who gave it.
    public struct Side: Sendable, Equatable {
        /// The value.
        public var value: FieldValue
        /// The node that gave it; nil where nobody knows.
        public var node: String?
        /// The operator, where the operation says.
        public var by: String?
        /// When, in milliseconds since 1970.
        public var time: Int64

        /// A side.
        public init(value: FieldValue, node: String?, by: String? = nil, time: Int64) {
            self.value = value
            self.node = node
            self.by = by
            self.time = time
        }
    }

    /// The program, as the policy names it.
    public var hook: String
    /// The entity.
    public var entity: String
    /// The store; nil where the entity is not per store.
    public var store: String?
    /// The record's id.
    public var id: String
    /// The field; nil for whether the record lives, which is `true` or `false`.
    public var field: String?
    /// What both started from; nil where the operation does not say.
    public var base: FieldValue?
    /// What head office has.
    public var central: Side
    /// What comes in.
    public var incoming: Side
    /// The record's fields as head office has them.
    public var record: [Field]
}

/// What a program says.
public enum HookAnswer: Sendable, Equatable {
    /// The value that shall stand.
    case value(FieldValue)
    /// Nothing of use; why, as a clause: `it took longer than 2 seconds`.
    case failed(String)
}

/// What becomes of two values by a program's answer.
enum HookOutcome {
    case merged(Bytes)
    case failed(String)
}

extension BatchMerger {
    /// What only programs can decide about an operation, before anything of it is applied.
    mutating func questions(_ current: Current) -> [HookQuestion] {
        guard records[current.slot].exists else { return [] }
        records[current.slot].expand()
        if current.operation.action == .delete {
            let isAsked = records[current.slot].lives && asksAboutLife(current)
            return isAsked ? [lifeQuestion(current, incoming: false)] : []
        }
        if current.operation.action == .create, meaning(of: current) != .change { return [] }
        var questions: [HookQuestion] = []
        var cursor = FieldCursor(current.text, current.operation.set)
        while let member = cursor.next() {
            let name = current.text[member.name]
            guard current.rules.rule(name) == .hook, current.refusal(of: name) == nil,
                let index = records[current.slot].field(name)
            else { continue }
            let field = records[current.slot].fields[index]
            guard isUndecided(field.clock, current), !Values.areEqual(field.value, current.text[member.value]) else {
                continue
            }
            questions.append(question(current, field, current.text[member.value]))
        }
        if !records[current.slot].lives && !current.isRefusedWhole && asksAboutLife(current) {
            questions.append(lifeQuestion(current, incoming: true))
        }
        return questions
    }

    /// What a program's answer makes of a field, or of whether the record lives.
    func outcome(_ name: Bytes, _ current: Current) -> HookOutcome {
        let program = current.rules.hook(name)
        guard let answer = current.special?.answers.first(where: { $0.field.equals(name) })?.answer else {
            return .failed("\(MergeConflict.program) \(program) was not asked")
        }
        switch answer {
        case .failed(let reason): return .failed("\(MergeConflict.program) \(program) was asked in vain: \(reason)")
        case .value(let value):
            let isLife = name.isEmpty
            let fault =
                isLife
                ? (["true", "false"].contains(value.json) ? nil : "it must be true or false")
                : current.rules.field(name)?.check.fault(value.json)
            if let fault {
                return .failed("\(MergeConflict.program) \(program) gave a value that is not allowed: \(fault)")
            }
            return .merged(batch.arena.copy(value.json))
        }
    }

    private func isUndecided(_ clock: FieldClock, _ current: Current) -> Bool {
        current.isConcurrent(with: clock) && (!clock.isDecision || current.decides != nil)
    }

    private func asksAboutLife(_ current: Current) -> Bool {
        current.rules.policy.onConflict == .hook && isUndecided(records[current.slot].lifeClock, current)
    }

    private func lifeQuestion(_ current: Current, incoming: Bool) -> HookQuestion {
        let record = records[current.slot]
        var question = question(current, .none, record.lifeClock)
        question.central.value = .boolean(record.lives)
        question.incoming.value = .boolean(incoming)
        return question
    }

    private func question(_ current: Current, _ field: FieldSlot, _ incoming: Bytes) -> HookQuestion {
        var question = question(current, field.name, field.clock)
        question.field = JSONString.unescaped(field.name)
        let was = FieldCursor.value(field.name, in: current.text, current.operation.was)
        question.base = was.isPresent ? FieldValue(checkedJSON: current.text[was].text) : nil
        question.central.value = FieldValue(checkedJSON: field.value.text)
        question.incoming.value = FieldValue(checkedJSON: incoming.text)
        return question
    }

    private func question(_ current: Current, _ name: Bytes, _ clock: FieldClock) -> HookQuestion {
        let key = batch.index.slots[current.slot]
        let store = batch.stores[Int(key.store)]
        let by = current.operation.by
        return HookQuestion(
            hook: current.rules.hook(name), entity: current.rules.policy.name, store: store.isEmpty ? nil : store,
            id: JSONString.unescaped(key.id), field: nil, base: nil,
            central: HookQuestion.Side(
                value: .null, node: context.authors[clock.author]?.node, time: clock.time.milliseconds),
            incoming: HookQuestion.Side(
                value: .null, node: current.author.node,
                by: by.isPresent ? JSONString.unescaped(current.text[by]) : nil, time: current.time.milliseconds),
            record: records[current.slot].fields.map {
                Field(JSONString.unescaped($0.name), FieldValue(checkedJSON: $0.value.text))
            })
    }
}
