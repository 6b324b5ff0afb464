/// What a till is told about a conflict, in plain words.
public enum NoticeText {
    /// To the till whose operation came in.
    public static func toAuthor(_ conflict: ConflictRow) -> String {
        let record = "\(conflict.entity) \(conflict.id)"
        let incoming = conflict.incoming ?? "nothing"
        switch (conflict.kind, conflict.field) {
        case ("duplicate", _):
            return
                "\(record) existed already at head office. Both are kept; this one is called \(conflict.decided ?? "otherwise") there."
        case ("constraint", let field?):
            return
                "\(record): after this change \(field) is \(conflict.decided ?? "?"), \(conflict.rule). It was booked; please check."
        case ("delete-update", _):
            let outcome =
                conflict.state != "decided"
                ? "Head office will decide."
                : conflict.decided == "true" ? "The record stays." : "The record is deleted."
            return "\(record) was deleted by one and changed by another. \(outcome)"
        case ("validation", let field?), ("permission", let field?):
            return "\(record): \(field) = \(incoming) was not applied: \(conflict.rule). Head office will look at it."
        case ("validation", nil), ("permission", nil):
            return "\(record): the change needs a look at head office: \(conflict.rule)."
        case (_, let field?):
            let theirs = "\(field) is \(conflict.central ?? "nothing") at head office, here it was set to \(incoming)"
            if conflict.state != "decided" { return "\(record): \(theirs). Head office will decide." }
            return conflict.decided == conflict.incoming
                ? "\(record): \(theirs). \(incoming) was taken (\(conflict.rule))."
                : "\(record): \(theirs). \(conflict.decided ?? "Nothing") stays (\(conflict.rule))."
        default: return "\(record): \(conflict.rule)."
        }
    }

    /// To the till whose value was replaced.
    public static func toReplaced(_ conflict: ConflictRow) -> String {
        let record = "\(conflict.entity) \(conflict.id)"
        guard let field = conflict.field else { return "\(record) was decided differently: \(conflict.rule)." }
        return
            "\(record): \(field) = \(conflict.central ?? "nothing") from here was replaced by \(conflict.decided ?? "nothing") from \(conflict.node) (\(conflict.rule))."
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
            "\(conflict.entity) \(conflict.id): \(what), \(person.map { "decided by \($0)" } ?? "by a later change")."
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
        let change = "\(conflict.entity) \(conflict.id): the change from here that had not been applied"
        return switch held {
        case .applied: "\(change) is applied now, decided by \(person)."
        case .corrected(let fields): "\(change) is applied now with other values, \(fields), decided by \(person)."
        case .dropped: "\(change) is dropped, decided by \(person). Head office's record stays as it is."
        }
    }
}
