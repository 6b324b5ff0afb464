import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

extension Central {
    /// What a person decides about a conflict.
    public enum Decision: Sendable, Equatable {
        /// Central's value, as the conflict shows it.
        case central
        /// The value that came in.
        case incoming
        /// The value that both started from.
        case base
        /// Another value, as JSON.
        case value(String)
    }

    /// Hands on conflicts, by number: all, or those that wait for a person.
    public func conflicts(all: Bool = false, _ body: (ConflictRow) throws -> Void) throws {
        try store.read { try $0.conflicts(all: all, body) }
    }

    /// One conflict; nil if there is none of that number.
    public func conflict(_ number: Int64) throws -> ConflictRow? { try store.read { try $0.conflict(number) } }

    /// Decides a conflict, or decides it anew: an operation in head office's own journal, which travels to all tills.
    ///
    /// - Throws: `NightdropError` of kind `tryAgain` if the record is no longer as the conflict shows it.
    public func resolve(_ number: Int64, _ decision: Decision, by: String? = nil) throws -> Recorded {
        guard let shown = try conflict(number) else {
            throw NightdropError(.notFound, "there is no conflict \(number)")
        }
        let draft = try draft(deciding: shown, decision, by)
        return try recordChecked([draft]) { writer in
            guard let present = try writer.record(entity: shown.entity, store: shown.store, id: shown.id) else {
                return
            }
            try check(shown, present, try writer.conflict(number))
        }
    }

    /// The record must still be what the person has looked at.
    private func check(_ shown: ConflictRow, _ present: RecordRow, _ now: ConflictRow?) throws {
        guard now?.csn == shown.csn, now?.revision == shown.revision else { throw moved(shown) }
        guard let field = shown.field, shown.kind != ConflictKind.constraint.rawValue else { return }
        let value = present.fields.first { $0.name == field }?.value.json
        let expected = shown.decided ?? shown.central
        guard let value, let expected else { return }
        guard Central.areEqual(value, expected) else { throw moved(shown) }
    }

    private func moved(_ shown: ConflictRow) -> NightdropError {
        NightdropError(
            .tryAgain,
            "\(shown.entity) \(shown.id) has changed since conflict \(shown.number) was shown; look at it again")
    }

    private func draft(deciding shown: ConflictRow, _ decision: Decision, _ by: String?) throws -> OperationDraft {
        var draft = OperationDraft(
            .update, shown.entity, id: shown.id, store: shown.store.isEmpty ? nil : shown.store,
            key: DecisionKey.key(conflict: shown.number, revision: shown.revision + 1), by: by ?? "head office")
        let value: String? =
            switch decision {
            case .central: shown.central
            case .incoming: shown.incoming
            case .base: shown.base
            case .value(let json): json
            }
        guard let value else {
            throw NightdropError(.refused, "conflict \(shown.number) shows no such value; give one with --set")
        }
        guard (try? JSONValue.parse(value)) != nil else { throw NightdropError(.usage, "\(value) is no JSON value") }
        switch (ConflictKind(rawValue: shown.kind), shown.field) {
        case (.deleteUpdate, _): draft.action = value == "false" ? .delete : .update
        case (.field, let field?), (.createCreate, let field?), (.constraint, let field?), (.validation, let field?):
            draft.set = [Field(field, FieldValue(checkedJSON: value))]
        default:
            throw NightdropError(
                .refused,
                "conflict \(shown.number) is about the whole record: record what shall hold with `nightdrop record`")
        }
        return draft
    }

    private static func areEqual(_ left: String, _ right: String) -> Bool {
        Array(left.utf8).withUnsafeBytes { left in
            Array(right.utf8).withUnsafeBytes { Values.areEqual(left, $0) }
        }
    }
}
