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

    /// To the till whose value was in conflict, once that is settled.
    public static func resolved(_ conflict: ConflictRow, byPerson: Bool) -> String {
        let what = conflict.field.map { "\($0) is \(conflict.decided ?? "unchanged") now" } ?? "settled"
        return
            "\(conflict.entity) \(conflict.id): \(what), \(byPerson ? "decided at head office" : "by a later change")."
    }
}
