import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Makes a person's decision about a conflict into an operation.
struct ConflictDecision {
    private let shown: ConflictRow
    private let present: RecordRow?

    /// `present` is the record that the conflict is about; nil where head office has none.
    init(_ shown: ConflictRow, _ present: RecordRow?) {
        self.shown = shown
        self.present = present
    }

    func draft(_ decision: Central.Decision, _ by: String?) throws -> OperationDraft {
        var draft = OperationDraft(
            .update, shown.entity, id: shown.id, store: shown.store.isEmpty ? nil : shown.store,
            key: DecisionKey.key(conflict: shown.number, revision: shown.revision + 1), by: by ?? "head office")
        switch (ConflictKind(rawValue: shown.kind), shown.field) {
        case (.deleteUpdate, _):
            switch try value(decision).json {
            case "false": draft.action = .delete
            case "true": draft.action = .update
            default:
                throw NightdropError(
                    .usage, "conflict \(shown.number) is about whether the record lives: true or false")
            }
        case (.field, let field?), (.createCreate, let field?), (.clock, let field?), (.constraint, let field?),
            (.validation, let field?), (.permission, let field?):
            draft.set = [Field(field, try value(decision))]
        case (.validation, nil), (.permission, nil):
            try decideWhole(decision, &draft)
        default:
            throw NightdropError(
                .refused,
                "conflict \(shown.number) is about the whole record: record what shall hold with `nightdrop record`")
        }
        return draft
    }

    private func value(_ decision: Central.Decision) throws -> FieldValue {
        let value: String? =
            switch decision {
            case .central: shown.central
            // What was booked although a rule was broken came in, and stands.
            case .incoming: shown.state == "open" ? shown.decided ?? shown.incoming : shown.incoming
            case .base: shown.base
            case .value(let json): json
            }
        guard let value else {
            throw NightdropError(.refused, "conflict \(shown.number) shows no such value; give one with --set")
        }
        guard (try? JSONValue.parse(value)) != nil else { throw NightdropError(.usage, "\(value) is no JSON value") }
        return FieldValue(checkedJSON: value)
    }

    /// About an operation that was held back, or was taken although something was wrong with it.
    private func decideWhole(_ decision: Central.Decision, _ draft: inout OperationDraft) throws {
        switch decision {
        case .central: leave(&draft)
        case .incoming where shown.decided != nil || shown.rule == MergeConflict.changedBeforeCreated: leave(&draft)
        case .incoming:
            let line = Array((shown.incoming ?? "").utf8)
            try line.withUnsafeBytes { line in
                let held = try OperationScanner.scan(line, 0..<line.count)
                guard held.action != .delete else { return draft.action = .delete }
                draft.action = present == nil ? .create : .update
                draft.set = FieldCursor.fields(line, held.set)
                draft.add = FieldCursor.fields(line, held.add)
            }
        case .base:
            throw NightdropError(.refused, "conflict \(shown.number) shows no such value; give one with --set")
        case .value(let json):
            guard (try? JSONValue.parse(json))?.members != nil else {
                throw NightdropError(
                    .usage, "conflict \(shown.number) is about the whole record: give an object of fields, not \(json)")
            }
            draft.action = present == nil ? .create : .update
            draft.set = FieldCursor.fields(Array(json.utf8))
        }
    }

    /// An operation that changes nothing: the record lives on, stays deleted, or stays unknown.
    private func leave(_ draft: inout OperationDraft) { draft.action = present?.lives == true ? .update : .delete }
}
