import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// What an operation of head office that decides a conflict comes to.
struct PersonsDecision {
    /// Who decided.
    let person: String
    /// What stands now, as the conflict keeps it: the field's value, the fields that were set, or whether the record lives. Nil
    /// where everything was left as it was.
    let decided: String?
    private let row: ConflictRow
    private let held: NoticeText.Held?
    private let fields: [Field]

    init(_ merger: BatchMerger, _ closure: ConflictClosure, _ text: UnsafeRawBufferPointer, about row: ConflictRow) {
        self.row = row
        let decision = merger.batch.operations[closure.operation]
        person = decision.by.isPresent ? JSONString.unescaped(text[decision.by]) : "head office"
        fields = PersonsDecision.fields(decision, text, merger, Int(merger.targets[closure.operation]))
        held = PersonsDecision.fate(of: row, by: decision, text)
        let isDelete = decision.action == .delete
        if row.kind == ConflictKind.deleteUpdate.rawValue, row.field == nil {
            decided = isDelete ? "false" : "true"
        } else if row.field != nil {
            decided = closure.decided.isEmpty ? nil : closure.decided.text
        } else if !fields.isEmpty {
            decided =
                JSONValue.object(
                    fields.map { .init($0.name, (try? JSONValue.parse($0.value.json)) ?? .null) }
                ).compact
        } else {
            decided = isDelete && held == .applied ? "false" : nil
        }
    }

    /// What the till is told.
    func notice(_ policy: EntityPolicy) -> String {
        switch held {
        case .corrected?:
            let shown = Hidden.fields(fields, policy)
            let text = JSONValue.object(
                shown.map { .init($0.name, (try? JSONValue.parse($0.value.json)) ?? .null) }
            ).compact
            return NoticeText.resolved(row, .corrected(text), person: person)
        case let held?: return NoticeText.resolved(row, held, person: person)
        case nil:
            var row = row
            let wasApplied =
                row.decided != nil || row.isOversell || row.incoming == nil
                || row.rule == MergeConflict.changedBeforeCreated
            row.decided = decided
            let shown = row.hidingSensitive(policy)
            if decided == nil, !wasApplied, ConflictKind(rawValue: row.kind)?.isAboutOneSide == true {
                return NoticeText.resolved(shown, .dropped, person: person)
            }
            return NoticeText.resolved(shown, person: person)
        }
    }

    /// The fields that a decision names, with what they are now: of an increment, the sum.
    private static func fields(
        _ decision: ScannedOperation, _ text: UnsafeRawBufferPointer, _ merger: BatchMerger, _ slot: Int
    ) -> [Field] {
        let set = FieldCursor.fields(text, decision.set)
        guard decision.add.isPresent, merger.records.indices.contains(slot) else { return set }
        var record = merger.records[slot]
        record.expand()
        return set
            + FieldCursor.fields(text, decision.add).map { added in
                let name = JSONString.inside(added.name)
                let index = name.withUnsafeBytes { record.field($0) }
                return index.map { Field(added.name, FieldValue(checkedJSON: record.fields[$0].value.text)) } ?? added
            }
    }

    /// What a decision made of an operation that was kept whole; nil where the conflict keeps none.
    private static func fate(
        of row: ConflictRow, by decision: ScannedOperation, _ text: UnsafeRawBufferPointer
    ) -> NoticeText.Held? {
        guard row.field == nil, row.rule != MergeConflict.changedBeforeCreated, let incoming = row.incoming else {
            return nil
        }
        return Array(incoming.utf8).withUnsafeBytes { line in
            guard let held = try? OperationScanner.scan(line, 0..<line.count) else { return nil }
            guard decision.set.isPresent || decision.add.isPresent else {
                return decision.action == .delete && held.action == .delete ? .applied : .dropped
            }
            let isSame =
                FieldCursor.fields(line, held.set) == FieldCursor.fields(text, decision.set)
                && FieldCursor.fields(line, held.add) == FieldCursor.fields(text, decision.add)
            return isSame ? .applied : .corrected("")
        }
    }
}
