import NightdropModel

/// Who records a change.
public enum AuthorKind: Sendable {
    /// A till.
    case terminal
    /// Head office.
    case central
}

/// A rule of the policy that a change breaks.
public struct Violation: Sendable, Equatable, CustomStringConvertible {
    /// What is broken, in the words of conflict kinds.
    public enum Kind: String, Sendable {
        /// A value is not what the policy allows.
        case validation
        /// A number is beyond its bounds.
        case constraint
        /// The author may not write this.
        case permission
    }

    /// What is broken.
    public let kind: Kind
    /// The field, if it is about one.
    public let field: String?
    /// Why, as a clause: `it must be at least 0`. Never shows the value itself.
    public let reason: String
    /// The same as a plain sentence.
    public let text: String

    /// A violation. Without `text` the reason makes the sentence.
    public init(_ kind: Kind, field: String? = nil, _ reason: String, text: String? = nil) {
        self.kind = kind
        self.field = field
        self.reason = reason
        self.text = text ?? reason.prefix(1).uppercased() + reason.dropFirst() + "."
    }

    /// The sentence.
    public var description: String { text }
}

/// Checks changes against a policy. Made once per policy, because regular expressions are compiled then.
///
/// What follows is the caller's: a terminal refuses a change of master data, and records a fact nevertheless.
public struct PolicyValidator: Sendable {
    /// The policy.
    public let policy: Policy
    private let entities: [String: EntityCheck]

    /// A validator for a policy.
    public init(_ policy: Policy) {
        self.policy = policy
        entities = Dictionary(policy.entities.map { ($0.name, EntityCheck($0)) }) { _, later in later }
    }

    /// The rules that a change breaks; empty if it is fine. Entities and fields that the policy does not name are fine.
    ///
    /// - Parameters:
    ///   - action: What is done to the record.
    ///   - entity: The entity's name.
    ///   - set: The fields that change, with their new values.
    ///   - add: Increments of counters. `min` and `max` hold for the sum, which is not known here.
    ///   - author: Who does it.
    public func violations(
        of action: Action, _ entity: String, set: [Field], add: [Field] = [], by author: AuthorKind
    ) -> [Violation] {
        entities[entity]?.violations(of: action, set: set, add: add, by: author) ?? []
    }

    /// The rules of an entity; for one that the policy does not name, none.
    public func check(_ entity: EntityPolicy) -> EntityCheck { entities[entity.name] ?? EntityCheck(entity) }

    /// The rules that a draft breaks; empty if it is fine.
    public func violations(of draft: OperationDraft, by author: AuthorKind) -> [Violation] {
        violations(of: draft.action, draft.entity, set: draft.set, add: draft.add, by: author)
    }
}
