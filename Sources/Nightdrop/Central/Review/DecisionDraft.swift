import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Makes a person's decision about a conflict into an operation, as the record stands now.
struct DecisionDraft {
    private let shown: ConflictRow
    private let decisions: [ConflictDecision]
    private let record: (_ id: String) throws -> DraftedRecord?

    /// `record` tells the present state of the records of the conflict's entity and store.
    init(
        _ shown: ConflictRow, decisions: [ConflictDecision],
        record: @escaping (_ id: String) throws -> DraftedRecord?
    ) {
        self.shown = shown
        self.decisions = decisions
        self.record = record
    }

    /// The operation.
    func draft(_ decision: Central.Decision, by: String?) throws -> OperationDraft {
        var draft = OperationDraft(
            .update, shown.entity, id: shown.id, store: shown.store.isEmpty ? nil : shown.store,
            key: DecisionKey.key(conflict: shown.number, revision: shown.revision + 1), by: by ?? "head office")
        if case .rule(let rule) = decision { return try self.draft(rule.decision(shown), by: by) }
        let present = try record(shown.id)
        if let held = HeldOperation(shown) {
            try decide(held, decision, present, &draft)
            return draft
        }
        guard present != nil else {
            throw refused(
                "\(shown.entity) \(shown.id) was deleted, and head office keeps nothing more of it, so conflict "
                    + "\(shown.number) cannot be decided anew; make the record again with: nightdrop record")
        }
        let decision = try applied(decision)
        switch (ConflictKind(rawValue: shown.kind), shown.field) {
        case (.deleteUpdate, _): try decideLife(decision, &draft)
        case (.constraint, let field?) where shown.isOversell: try decideBound(field, decision, present, &draft)
        case (_, let field?): try decideField(field, decision, present, &draft)
        case (.validation, nil), (.permission, nil), (.constraint, nil): try decideWhole(decision, present, &draft)
        default:
            throw refused(
                "conflict \(shown.number) is about the whole record: record what shall hold with nightdrop record")
        }
        return draft
    }

    /// Applying a value that was not applied is to take it, or the value that it is corrected to.
    private func applied(_ decision: Central.Decision) throws -> Central.Decision {
        guard case .apply(let set, let id) = decision else { return decision }
        guard let field = shown.field, id == nil, ConflictKind(rawValue: shown.kind)?.isAboutOneSide == true,
            !shown.isOversell, !shown.isBooked
        else {
            throw refused(
                "conflict \(shown.number) holds no operation back; decide it with: nightdrop conflicts resolve")
        }
        guard let set else { return .incoming }
        let fields = try fields(set)
        guard fields.count == 1, fields[0].name == field else {
            throw refused("conflict \(shown.number) is about \(field) alone; give an object of that field")
        }
        return .value(fields[0].value.json)
    }

    private func decideField(
        _ field: String, _ decision: Central.Decision, _ present: DraftedRecord?, _ draft: inout OperationDraft
    ) throws {
        // What stands already need not be written again, and may break a rule.
        if decision == .incoming, shown.isBooked, decisions.isEmpty { return leave(present, &draft) }
        if let present, !present.lives {
            guard decision == .central else {
                throw refused(
                    "\(shown.entity) \(shown.id) is deleted by now; close conflict \(shown.number) with --take central")
            }
            return leave(present, &draft)
        }
        // A value that was not applied is dropped where central had none.
        if decision == .central && shown.central == nil {
            if shown.isBooked { throw nothingElse }
            return leave(present, &draft)
        }
        draft.set = [Field(field, try value(decision))]
    }

    /// A counter that went beyond its bound: what came in stands, is taken back, or the counter gets another value.
    private func decideBound(
        _ field: String, _ decision: Central.Decision, _ present: DraftedRecord?, _ draft: inout OperationDraft
    ) throws {
        if let earlier = decisions.last(where: \.changes), decision == .incoming || decision == .central {
            throw refused(
                "conflict \(shown.number) was decided already, as operation \(earlier.seq) of head office; "
                    + "give the value that shall hold with --set")
        }
        switch decision {
        case .incoming: leave(present, &draft)
        case .central:
            guard let amount = shown.incoming.flatMap({ ExactDecimal($0) }) else { throw noSuchValue }
            draft.add = [Field(field, .decimal(amount.negated))]
        default: try decideField(field, decision, present, &draft)
        }
    }

    private func decideLife(_ decision: Central.Decision, _ draft: inout OperationDraft) throws {
        switch try value(decision).json {
        case "false": draft.action = .delete
        case "true": draft.action = .update
        default:
            throw NightdropError(.usage, "conflict \(shown.number) is about whether the record lives: true or false")
        }
    }

    /// About a fact that was taken although something was wrong with it.
    private func decideWhole(
        _ decision: Central.Decision, _ present: DraftedRecord?, _ draft: inout OperationDraft
    ) throws {
        switch decision {
        case .central: throw nothingElse
        case .incoming: leave(present, &draft)
        case .value(let json):
            draft.action = present == nil ? .create : .update
            draft.set = try fields(json)
        default: throw noSuchValue
        }
    }

    /// About an operation that was not applied.
    private func decide(
        _ held: HeldOperation, _ decision: Central.Decision, _ present: DraftedRecord?, _ draft: inout OperationDraft
    ) throws {
        let applied = decisions.last { $0.changes || ($0.action == .delete && held.action == .delete) }
        if let applied {
            if case .value = decision {
            } else {
                throw refused(
                    "conflict \(shown.number) was applied already, as operation \(applied.seq) of head office; "
                        + "change the record itself, or give what shall hold with --set")
            }
        }
        switch decision {
        case .central: leave(present, &draft)
        case .incoming: try apply(held, to: nil, &draft)
        case .apply(let set, let id):
            try apply(try set.map { held.corrected(by: try fields($0)) } ?? held, to: id, &draft)
        case .value(let json):
            draft.action = present == nil ? .create : .update
            draft.set = try fields(json)
        case .base, .rule: throw noSuchValue
        }
    }

    private func apply(_ held: HeldOperation, to id: String?, _ draft: inout OperationDraft) throws {
        draft.id = id ?? shown.id
        let present = try record(draft.id)
        if held.action == .create, present?.lives == true,
            id != nil || shown.kind == ConflictKind.duplicate.rawValue
        {
            throw refused("\(shown.entity) \(draft.id) exists already; give the record another id with --id")
        }
        if held.action == .update, let present, !present.lives {
            throw refused(
                "\(shown.entity) \(draft.id) is deleted by now; drop the change with --take central, or make the record "
                    + "again first")
        }
        draft.action = held.action == .delete ? .delete : present == nil ? .create : .update
        draft.set = held.set
        draft.add = held.add
    }

    /// An operation that changes nothing: the record lives on, stays deleted, or stays unknown.
    private func leave(_ present: DraftedRecord?, _ draft: inout OperationDraft) {
        draft.action = present?.lives == true ? .update : .delete
    }

    private func value(_ decision: Central.Decision) throws -> FieldValue {
        let value: String? =
            switch decision {
            case .central: shown.central
            case .incoming: shown.incoming
            case .base: shown.base
            case .value(let json): json
            case .rule, .apply: nil
            }
        guard let value else { throw noSuchValue }
        guard (try? JSONValue.parse(value)) != nil else { throw NightdropError(.usage, "\(value) is no JSON value") }
        return FieldValue(checkedJSON: value)
    }

    private func fields(_ json: String) throws -> [Field] {
        guard (try? JSONValue.parse(json))?.members != nil else {
            throw NightdropError(
                .usage, "conflict \(shown.number) is about the whole record: give an object of fields, not \(json)")
        }
        return FieldCursor.fields(Array(json.utf8))
    }

    private var noSuchValue: NightdropError {
        refused("conflict \(shown.number) shows no such value; give one with --set")
    }

    /// What was booked stands, and central has nothing to put in its place.
    private var nothingElse: NightdropError {
        refused(
            "conflict \(shown.number) is about what was booked, and head office has nothing else to take; leave it with "
                + "--take incoming, or give what shall hold with --set")
    }

    private func refused(_ reason: String) -> NightdropError { NightdropError(.refused, reason) }
}
