import NightdropMerge

/// What a till is told about a conflict, in plain words.
public enum NoticeText {
    /// To the till whose operation came in.
    public static func toAuthor(_ conflict: ConflictRow) -> String {
        let record = "\(conflict.entity) \(conflict.id)"
        switch (ConflictKind(rawValue: conflict.kind), conflict.field) {
        case (.duplicate, _):
            return
                "\(record) existed already at head office. Both are kept; this one is called \(conflict.decided ?? "otherwise") there."
        case (.deleteUpdate, _):
            let outcome =
                conflict.state != "decided"
                ? "Head office will decide."
                : conflict.decided == "true"
                    ? "The record stays\(because(conflict))."
                    : "The record is deleted\(because(conflict))."
            return "\(record) was deleted by one and changed by another. \(outcome)"
        case (.constraint, let field?) where conflict.isOversell:
            return
                "\(record): after this change \(field) is \(conflict.decided ?? "?"), \(conflict.rule). It was booked; please check."
        case (.validation, let field), (.permission, let field), (.constraint, let field):
            return broken(conflict, record, field)
        case (_, let field?):
            let incoming = conflict.incoming ?? "nothing"
            let theirs = "\(field) is \(conflict.central ?? "nothing") at head office, here it was set to \(incoming)"
            if conflict.state != "decided" { return "\(record): \(theirs). Head office will decide." }
            let outcome =
                conflict.decided == conflict.incoming
                ? "\(incoming) was taken" : "\(conflict.decided ?? "Nothing") stays"
            let merged = conflict.decided != conflict.incoming && conflict.decided != conflict.central
            return "\(record): \(theirs). "
                + (merged ? "Both became \(conflict.decided ?? "nothing")" : outcome) + "\(because(conflict))."
        default: return "\(record): \(conflict.rule)."
        }
    }

    /// To the till whose value was replaced.
    public static func toReplaced(_ conflict: ConflictRow) -> String {
        let record = "\(conflict.entity) \(conflict.id)"
        guard let field = conflict.field else {
            return conflict.central == "false"
                ? "\(record) was deleted here, but \(conflict.node) changed it. The record stays\(because(conflict))."
                : "\(record) was changed here, but \(conflict.node) deleted it. The record is deleted\(because(conflict))."
        }
        return
            "\(record): \(field) = \(conflict.central ?? "nothing") from here was replaced by \(conflict.decided ?? "nothing") from \(conflict.node)\(because(conflict))."
    }

    /// To the till whose value was in conflict, once that is settled: by `person`, or by a later change.
    public static func resolved(_ conflict: ConflictRow, person: String?) -> String {
        let what: String
        switch (conflict.field, conflict.decided) {
        case (let field?, let value?): what = "\(field) is \(value) now"
        case (let field?, nil): what = "\(field) stays as it was booked"
        case (nil, "true"): what = "the record stays"
        case (nil, "false"): what = "the record is deleted"
        case (nil, _): what = "settled"
        }
        return
            "\(conflict.entity) \(conflict.id): \(what), \(person.map(decided) ?? "by a later change")."
    }

    /// What a person made of a till's operation that head office had not applied.
    public enum Held: Sendable, Equatable {
        /// It was applied as it came.
        case applied
        /// It was applied with other values: the fields as they hold now, as JSON.
        case corrected(String)
        /// It was dropped.
        case dropped
    }

    /// To the till whose operation was held back, once a person has decided.
    public static func resolved(_ conflict: ConflictRow, _ held: Held, person: String) -> String {
        let what = conflict.field.map { "\($0) = \(conflict.incoming ?? "nothing")" } ?? "the change"
        let change = "\(conflict.entity) \(conflict.id): \(what) from here that had not been applied"
        let decided = decided(person)
        return switch held {
        case .applied: "\(change) is applied now, \(decided)."
        case .corrected(let fields): "\(change) is applied now with other values, \(fields), \(decided)."
        case .dropped: "\(change) is dropped, \(decided). The record stays as head office has it."
        }
    }

    /// A rule of the policy was broken: a fact was booked nevertheless, everything else waits for a person.
    private static func broken(_ conflict: ConflictRow, _ record: String, _ field: String?) -> String {
        if conflict.rule == MergeConflict.changedBeforeCreated {
            return
                "\(record): this change was booked, but head office knew no such record. Head office will look at it."
        }
        let isApplied = conflict.decided != nil
        if let field, conflict.incoming == nil {
            return "\(record) was booked without \(field), but \(conflict.rule). Head office will look at it."
        }
        let subject = field.map { "\(record): \($0) = \(conflict.incoming ?? "")" } ?? "\(record): this change"
        return isApplied
            ? "\(subject) was booked, but \(conflict.rule). Head office will look at it."
            : "\(subject) was not applied, because \(conflict.rule). Head office will look at it."
    }

    /// Which rule decided, and why where it is not plain.
    private static func because(_ conflict: ConflictRow) -> String {
        " (\(conflict.rule)" + (conflict.reason.map { ": \($0)" } ?? "") + ")"
    }

    private static func decided(_ person: String) -> String {
        person == "head office" ? "decided at head office" : "decided by \(person) at head office"
    }
}
