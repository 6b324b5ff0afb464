import NightdropFormats
import NightdropMerge
import NightdropModel

/// What is shown in the place of values of sensitive fields.
public enum Hidden {
    /// A value that came in, or that stands alone.
    public static let value = "a hidden value"
    /// A value that differs from it.
    public static let other = "another hidden value"

    /// Fields, with those hidden that a policy calls sensitive.
    public static func fields(_ fields: [Field], _ policy: EntityPolicy) -> [Field] {
        let hidden = FieldValue(checkedJSON: JSONString.quoted(value))
        return fields.map { policy.isSensitive($0.name) ? Field($0.name, hidden) : $0 }
    }

    /// The members of an object of fields, or of an operation's line.
    fileprivate static func json(_ text: String, _ policy: EntityPolicy) -> String {
        guard let members = (try? JSONValue.parse(text))?.members else { return text }
        let isLine = members.contains { $0.name == "seq" } && members.contains { $0.name == "action" }
        return JSONValue.object(
            members.map { member in
                guard isLine else {
                    return policy.isSensitive(member.name) ? .init(member.name, .string(value)) : member
                }
                guard ["set", "was", "add"].contains(member.name) else { return member }
                return .init(member.name, (try? JSONValue.parse(json(member.value.compact, policy))) ?? .string(value))
            }
        ).compact
    }
}

extension EntityPolicy {
    /// Whether the values of a field are not shown in notices, conflicts and logs.
    public func isSensitive(_ field: String) -> Bool { self.field(field)?.sensitive == true }
}

extension ConflictRow {
    /// Without the values of fields that the policy of its entity calls sensitive.
    public func hidingSensitive(_ policy: EntityPolicy) -> ConflictRow {
        guard policy.fields.contains(where: \.sensitive) else { return self }
        var hidden = self
        // Whatever a program has written may repeat what it had read.
        if let reason, reason.hasPrefix(MergeConflict.program) { hidden.reason = "the program was asked in vain" }
        if let field {
            guard policy.isSensitive(field) else { return hidden }
            func hide(_ value: String?) -> String? {
                value.map { $0 == incoming ? Hidden.value : $0 == central ? Hidden.other : "a third hidden value" }
            }
            hidden.base = hide(base)
            hidden.central = hide(central)
            hidden.incoming = hide(incoming)
            hidden.decided = hide(decided)
        } else {
            func hide(_ value: String?) -> String? { value.map { Hidden.json($0, policy) } }
            hidden.base = hide(base)
            hidden.central = hide(central)
            hidden.incoming = hide(incoming)
            hidden.decided = hide(decided)
        }
        return hidden
    }
}
