import NightdropMerge
import NightdropModel
import NightdropStore

/// What the operations to be undone have done to a record, and whether others have changed the same since.
struct RecordTrace {
    /// Which record.
    struct Identity {
        let rid: Int64
        let entity: String
        let store: String
        let id: String
    }

    /// What stood before the operations, what they made of it, and who has changed it since.
    private struct Mark<Value> {
        let before: Value
        var ours: Value
        var changedBy: String?
    }

    /// Whose an operation is.
    enum Origin {
        /// One of those to be undone.
        case target
        /// One that was undone, or that undoes: where it leads back to what the target made, nobody has changed that.
        case void
        /// Somebody else's.
        case other
    }

    let record: Identity
    /// Whether it was dealt with before an interruption.
    private(set) var isDone = false
    private(set) var replay: RecordReplay
    private let rules: EntityPolicy
    private var fields: [(name: String, mark: Mark<FieldValue?>)] = []
    private var counters: [(name: String, sum: ExactDecimal)] = []
    /// Whether it lived before; nil where there was none.
    private var life: Mark<Bool?>?
    /// Who has changed anything of it since the operations made it.
    private var touchedBy: String?
    /// Who else has deleted it.
    private var deletedBy: String?
    /// The terminals that keep this fact as their own.
    private(set) var factNodes: Set<NodeID> = []

    init(_ record: Identity, _ policy: Policy, _ authors: [Int32: MergeAuthor]) {
        self.record = record
        rules = policy.entity(record.entity)
        replay = RecordReplay(authors: authors)
    }

    mutating func skip() { isDone = true }

    /// Merges the next operation.
    mutating func apply(
        _ found: OperationSource.Found, _ change: LoggedChange, _ moment: MergePast.Moment, _ origin: Origin
    ) {
        let before = replay
        _ = replay.apply(found, csn: change.csn, moment)
        let who = found.string(found.operation.by).map { "\(found.journal.node) (\($0))" } ?? found.journal.node.text
        let added = Set(FieldNames.of(found.operation.add, found.text.buffer))
        var hasChanged = false
        for field in replay.fields where field.csn == change.csn {
            hasChanged = true
            let old = before.field(field.name)?.value
            if rules.rule(for: field.name) == .counter || added.contains(field.name) {
                if origin == .target { count(field, old) }
            } else {
                mark(field, old, origin, who)
            }
        }
        markLife(before, origin, who)
        if rules.isFact, !found.journal.isCentral { factNodes.insert(found.journal.node) }
        if origin == .other, hasChanged, touchedBy == nil, life != nil { touchedBy = who }
    }

    private mutating func count(_ field: RecordReplay.FieldState, _ old: FieldValue?) {
        guard let now = field.value.decimal, let amount = now.subtracting(old?.decimal ?? .zero) else { return }
        if let index = counters.firstIndex(where: { $0.name == field.name }) {
            counters[index].sum = counters[index].sum.adding(amount) ?? counters[index].sum
        } else {
            counters.append((field.name, amount))
        }
    }

    /// A write by somebody else leaves a mark on what was marked; one to be undone marks anew what was not, or not any more.
    private mutating func mark(
        _ field: RecordReplay.FieldState, _ old: FieldValue?, _ origin: Origin, _ who: String
    ) {
        let index = fields.firstIndex { $0.name == field.name }
        guard let index else {
            if origin == .target { fields.append((field.name, Mark(before: old, ours: field.value))) }
            return
        }
        if origin != .target {
            let isBack = origin == .void && fields[index].mark.ours.map { FieldValue.areEqual($0, field.value) } == true
            fields[index].mark.changedBy = isBack ? nil : who
        } else if fields[index].mark.changedBy != nil {
            fields[index].mark = Mark(before: old, ours: field.value)
        } else {
            fields[index].mark.ours = field.value
        }
    }

    private mutating func markLife(_ before: RecordReplay, _ origin: Origin, _ who: String) {
        let (old, now) = (before.exists ? before.lives : nil, replay.exists ? replay.lives : nil)
        guard old != now else { return }
        deletedBy = origin == .target || now == true ? nil : who
        if origin != .target {
            if let mark = life { life?.changedBy = origin == .void && mark.ours == now ? nil : who }
        } else if life == nil || life?.changedBy != nil {
            life = Mark(before: old, ours: now)
            touchedBy = nil
        } else {
            life?.ours = now
        }
    }

    /// The operations that undo, for the record as it is now; what is left alone is noted in the report.
    func drafts(_ present: RecordRow, _ by: String, _ report: inout UndoReport) -> [OperationDraft] {
        guard !isDone else { return [] }
        let doubtful = replay.differences(from: present)
        guard !doubtful.contains(nil) else {
            report.keep(record, nil, "what decided whether it lives was not kept")
            return []
        }
        let adds = increments(&report)
        if let life, (life.before ?? false) != replay.lives {
            if let other = life.changedBy ?? (replay.lives ? touchedBy : nil) {
                report.keep(record, nil, "changed since by \(other)")
                return adding(adds, by)
            }
            let reverts = reverts(doubtful, &report)
            return replay.lives
                ? delete(adds, life.before == nil ? [] : reverts, by, &report) : revive(adds, reverts, by, &report)
        }
        guard replay.lives else {
            if let deletedBy, life != nil || !fields.isEmpty {
                report.keep(record, nil, "deleted since by \(deletedBy)")
            }
            return adding(adds, by)
        }
        let reverts = reverts(doubtful, &report)
        report.fields += Int64(reverts.count)
        guard !reverts.isEmpty || !adds.isEmpty else { return [] }
        return [draft(.update, reverts, adds, by)]
    }

    /// The same for a record whose tombstone was removed: it is made anew if its delete is what shall be undone.
    func draftsOfBuried(isMadeAnew: Bool, _ by: String, _ report: inout UndoReport) -> [OperationDraft] {
        guard !isDone, life != nil || !fields.isEmpty || !counters.isEmpty else { return [] }
        guard let life, life.before == true, life.ours == false, life.changedBy == nil else {
            if let deletedBy { report.keep(record, nil, "deleted since by \(deletedBy)") }
            return []
        }
        guard !isMadeAnew else {
            report.keep(record, nil, "made anew since")
            return []
        }
        let reverts = reverts([], &report)
        let values = replay.values.map { field -> Field in
            if let revert = reverts.first(where: { $0.name == field.name }) { return revert }
            guard let sum = counters.first(where: { $0.name == field.name })?.sum,
                let value = field.value.decimal?.subtracting(sum)
            else { return field }
            return Field(field.name, .decimal(value))
        }
        report.counters += Int64(counters.filter { $0.sum != .zero }.count)
        report.revived += 1
        return [draft(.create, values, [], by)]
    }

    private func draft(_ action: Action, _ set: [Field], _ add: [Field], _ by: String) -> OperationDraft {
        OperationDraft(
            action, record.entity, id: record.id, set: set, add: add, store: record.store.isEmpty ? nil : record.store,
            by: by)
    }

    private func increments(_ report: inout UndoReport) -> [Field] {
        let adds = counters.filter { $0.sum != .zero }.map { Field($0.name, .decimal($0.sum.negated)) }
        report.counters += Int64(adds.count)
        return adds
    }

    /// Only the counters: of a record that does not live, by making it for a moment.
    private func adding(_ adds: [Field], _ by: String) -> [OperationDraft] {
        guard !adds.isEmpty else { return [] }
        return replay.lives
            ? [draft(.update, [], adds, by)] : [draft(.create, [], adds, by), draft(.delete, [], [], by)]
    }

    private func delete(
        _ adds: [Field], _ reverts: [Field], _ by: String, _ report: inout UndoReport
    ) -> [OperationDraft] {
        report.deleted += 1
        for node in factNodes {
            report.facts[node, default: .init(entity: record.entity, id: record.id, count: 0)].count += 1
        }
        let before = reverts.isEmpty && adds.isEmpty ? [] : [draft(.update, reverts, adds, by)]
        return before + [draft(.delete, [], [], by)]
    }

    /// The record again, with the fields that it had.
    private func revive(
        _ adds: [Field], _ reverts: [Field], _ by: String, _ report: inout UndoReport
    ) -> [OperationDraft] {
        report.revived += 1
        for node in factNodes {
            report.facts[node, default: .init(entity: record.entity, id: record.id, count: 0)].count += 1
        }
        let others = replay.values.filter { field in
            rules.rule(for: field.name) != .counter && !reverts.contains { $0.name == field.name }
                && !fields.contains { $0.name == field.name && $0.mark.changedBy != nil }
                && !counters.contains { $0.name == field.name }
        }
        return [draft(.create, reverts + others, adds, by)]
    }

    /// The values before, of what nobody else has changed since.
    private func reverts(_ doubtful: [String?], _ report: inout UndoReport) -> [Field] {
        var reverts: [Field] = []
        for (name, mark) in fields {
            let value = mark.before ?? .null
            let rule = rules.rule(for: name)
            if let other = mark.changedBy {
                report.keep(record, name, "changed since by \(other)")
            } else if doubtful.contains(name) {
                report.keep(record, name, "what decided about it was not kept")
            } else if rule == .max || rule == .min || rule == .union {
                report.keep(record, name, "under the rule \(rule.rawValue) what was seen stays")
            } else if let now = replay.field(name)?.value, !FieldValue.areEqual(now, value) {
                reverts.append(Field(name, value))
            }
        }
        return reverts
    }
}
