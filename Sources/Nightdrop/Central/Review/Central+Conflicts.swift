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
    /// About a whole record: `incoming` applies the operation that was held back, `central` leaves the record as it is, and
    /// a value is an object of the fields that shall hold.
    /// - Throws: `NightdropError` of kind `tryAgain` if the record is no longer as the conflict shows it.
    public func resolve(_ number: Int64, _ decision: Decision, by: String? = nil) throws -> Recorded {
        guard let shown = try conflict(number) else {
            throw NightdropError(.notFound, "there is no conflict \(number)")
        }
        let record = try store.read { try $0.record(entity: shown.entity, store: shown.store, id: shown.id) }
        let draft = try ConflictDecision(shown, record).draft(decision, by)
        return try recordChecked([draft]) { writer in
            let present = try writer.record(entity: shown.entity, store: shown.store, id: shown.id)
            try check(shown, try writer.conflict(number))
            guard present?.lives == record?.lives else { throw moved(shown) }
            if let present { try check(shown, present) }
        }
    }

    /// The conflict must still be the one that the person has looked at,
    private func check(_ shown: ConflictRow, _ now: ConflictRow?) throws {
        guard now?.csn == shown.csn, now?.revision == shown.revision else { throw moved(shown) }
    }

    /// and so must the record.
    private func check(_ shown: ConflictRow, _ present: RecordRow) throws {
        guard shown.kind != ConflictKind.constraint.rawValue, let expected = shown.decided ?? shown.central else {
            return
        }
        if shown.kind == ConflictKind.deleteUpdate.rawValue {
            guard expected == (present.lives ? "true" : "false") else { throw moved(shown) }
        } else if let field = shown.field, let value = present.fields.first(where: { $0.name == field })?.value.json {
            guard Central.areEqual(value, expected) else { throw moved(shown) }
        }
    }

    private func moved(_ shown: ConflictRow) -> NightdropError {
        NightdropError(
            .tryAgain,
            "\(shown.entity) \(shown.id) has changed since conflict \(shown.number) was shown; look at it again")
    }

    private static func areEqual(_ left: String, _ right: String) -> Bool {
        Array(left.utf8).withUnsafeBytes { left in
            Array(right.utf8).withUnsafeBytes { Values.areEqual(left, $0) }
        }
    }
}
