import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// What became of a value that somebody recorded.
public enum ChangeOutcome: String, Sendable {
    /// It was taken.
    case applied
    /// Another value was there that its author had not seen, and this one was taken.
    case won
    /// It made no difference: what it says held already.
    case converged
    /// Another value was there that its author had not seen, and a program made a third one of both.
    case merged
    /// Another value was there that its author had not seen, and that one stayed.
    case lost
    /// It waits for a person.
    case waiting
    /// It was kept, but not applied: it is not allowed, or makes no sense.
    case held
}

/// A field as an operation found and left it at head office.
public struct FieldChange: Sendable {
    /// The field.
    public let name: String
    /// Its value before; nil if it had none.
    public let before: FieldValue?
    /// Its value after; nil if it has none.
    public let after: FieldValue?
    /// What became of the value that the operation gives.
    public let outcome: ChangeOutcome
    /// The conflict about it.
    public let conflict: Int64?

    /// Without its values.
    var hidden: FieldChange {
        func hide(_ value: FieldValue?) -> FieldValue? {
            value.map { _ in FieldValue(checkedJSON: JSONString.quoted(Hidden.value)) }
        }
        return FieldChange(
            name: name, before: hide(before), after: hide(after), outcome: outcome, conflict: conflict)
    }
}

/// A change of a record: who did what, when and where, as it stands in the journal, and what head office made of it.
public struct HistoryEntry: Sendable {
    /// The change sequence number.
    public let csn: Int64
    /// The node that recorded it.
    public let node: String
    /// The journal, and the operation's number in it.
    public let journal: UniqueID
    /// The operation's number.
    public let seq: Int64
    /// When it was recorded, by the node's clock, in milliseconds since 1970.
    public let at: Int64
    /// The operator.
    public let by: String?
    /// What it did.
    public let action: Action
    /// The fields that it set.
    public private(set) var set: [Field]
    /// Their values before, as far as the till knew.
    public private(set) var was: [Field]
    /// The increments.
    public private(set) var add: [Field]
    /// When head office merged it, in milliseconds since 1970.
    public let merged: Int64
    /// The bundle that brought it first; nil for head office's own.
    public let bundle: String?
    /// What became of it: the worst of what became of its fields.
    public internal(set) var outcome = ChangeOutcome.applied
    /// The conflict about the whole operation.
    public internal(set) var conflict: Int64?
    /// The fields that it names, as they were before and after. Without those of which that cannot be told.
    public internal(set) var fields: [FieldChange] = []
    /// Whether the record lived before; nil if there was none.
    public internal(set) var livedBefore: Bool?
    /// Whether it lived after; nil if there was none.
    public internal(set) var livedAfter: Bool?

    init(_ change: LoggedChange, _ found: OperationSource.Found, merged: Int64, bundle: String?) {
        let operation = found.operation
        csn = change.csn
        node = found.journal.node.text
        journal = found.journal.journal
        seq = operation.seq
        at = operation.time.milliseconds
        by = found.string(operation.by)
        action = operation.action
        set = FieldCursor.fields(found.text.buffer, operation.set)
        was = FieldCursor.fields(found.text.buffer, operation.was)
        add = FieldCursor.fields(found.text.buffer, operation.add)
        self.merged = merged
        self.bundle = bundle
    }

    /// Hides the values of fields that a policy calls sensitive.
    mutating func hideSensitive(_ policy: EntityPolicy) {
        set = Hidden.fields(set, policy)
        was = Hidden.fields(was, policy)
        add = Hidden.fields(add, policy)
        fields = fields.map { policy.isSensitive($0.name) ? $0.hidden : $0 }
    }

    /// Says what the operation did to the record: `conflicts` are the store's about the record.
    mutating func tell(
        from before: RecordReplay, to after: RecordReplay, _ met: [RecordReplay.Disagreement],
        _ conflicts: [ConflictRow],
        journal code: Int32
    ) {
        func number(_ kind: ConflictKind, _ field: String?) -> Int64? {
            let alike = conflicts.filter { $0.kind == kind.rawValue && $0.field == field }
            // A later operation of the journal may have joined the conflict.
            let joined = alike.first { $0.csn == csn } ?? alike.first { $0.journal == code && $0.csn > csn }
            // One that a person had decided is opened again by whoever disagrees, under the same number.
            return (joined ?? alike.first { $0.revision > 0 && $0.csn > csn })?.number
        }
        livedBefore = before.exists ? before.lives : nil
        livedAfter = after.exists ? after.lives : nil
        var worst: ChangeOutcome?
        for name in set.map(\.name) + add.map(\.name) {
            let disagreement = met.first { $0.field == name }
            let outcome = outcome(of: name, from: before, to: after, disagreement, met)
            fields.append(
                FieldChange(
                    name: name, before: before.field(name)?.value, after: after.field(name)?.value, outcome: outcome,
                    conflict: disagreement.flatMap { number($0.kind, name) }))
            worst = worst.map { outcome.isWorse(than: $0) ? outcome : $0 } ?? outcome
        }
        let whole = met.first { $0.field == nil }
        conflict =
            whole.flatMap { number($0.kind, nil) } ?? conflicts.first { $0.csn == csn && $0.field == nil }?.number
        if let whole {
            worst = self.outcome(ofWhole: whole)
        } else if action == .delete {
            worst = livedBefore == livedAfter ? .converged : .applied
        } else if livedBefore != livedAfter {
            // A change that says nothing new may yet bring a record back.
            worst = worst.map { ChangeOutcome.applied.isWorse(than: $0) ? .applied : $0 } ?? .applied
        }
        outcome = worst ?? .converged
    }

    /// Leaves out what would be told wrongly: fields, and `nil` for whether the record lives.
    mutating func doubt(_ differences: [String?]) {
        fields.removeAll { differences.contains($0.name) }
        guard differences.contains(nil) else { return }
        livedBefore = nil
        livedAfter = nil
    }

    private func outcome(
        of field: String, from before: RecordReplay, to after: RecordReplay, _ met: RecordReplay.Disagreement?,
        _ all: [RecordReplay.Disagreement]
    ) -> ChangeOutcome {
        guard let met else {
            if all.contains(where: { $0.field == nil && $0.isHeld }) { return .held }
            guard let now = after.field(field), now.csn == csn else { return .converged }
            let isSame = before.field(field).map { FieldValue.areEqual($0.value, now.value) } ?? false
            return isSame ? .converged : .applied
        }
        return met.isHeld ? .held : met.kind.isAboutOneSide ? .applied : decided(met)
    }

    private func outcome(ofWhole met: RecordReplay.Disagreement) -> ChangeOutcome {
        if met.isHeld { return .held }
        return met.kind.isAboutOneSide || met.kind == .duplicate ? .applied : decided(met)
    }

    private func decided(_ met: RecordReplay.Disagreement) -> ChangeOutcome {
        met.state != .decided ? .waiting : met.isThird ? .merged : met.hasWon ? .won : .lost
    }
}

extension ChangeOutcome {
    private var weight: Int {
        switch self {
        case .converged: 0
        case .applied: 1
        case .won: 2
        case .merged: 3
        case .lost: 4
        case .waiting: 5
        case .held: 6
        }
    }

    fileprivate func isWorse(than other: ChangeOutcome) -> Bool { weight > other.weight }
}
