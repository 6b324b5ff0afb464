import NightdropModel

/// The rules of one entity, made ready for checking many changes. A class, because it is handed on for each of them.
public final class EntityCheck: Sendable {
    /// Where a change is checked.
    public enum Stage: Sendable {
        /// Before it is recorded.
        case recording
        /// At head office, where a counter's bounds hold for the sum alone, and where an increment counts although the policy
        /// has meanwhile made something else of the counter.
        case merging
    }

    let rules: EntityPolicy
    /// The fields that have rules, by name.
    let fields: [String: FieldCheck]
    /// The same for `allows`.
    let table: FieldTable
    /// The names of the fields that a create must give.
    private let required: [String]

    /// The rules of an entity's policy.
    public init(_ rules: EntityPolicy) {
        self.rules = rules
        let checks = rules.fields.map(FieldCheck.init).filter(\.isNeeded)
        fields = Dictionary(checks.map { ($0.rules.name, $0) }) { _, later in later }
        table = FieldTable(checks)
        required = rules.fields.filter(\.required).map(\.name)
    }

    /// Whether any change could break a rule.
    public var isNeeded: Bool { rules.immutable || !table.isEmpty }

    /// The rules that a change breaks; empty if it is fine.
    public func violations(
        of action: Action, set: [Field], add: [Field], by author: AuthorKind, at stage: Stage = .recording
    ) -> [Violation] {
        var found: [Violation] = []
        if author == .terminal && (rules.direction == .down || rules.writers == .central) {
            found.append(Violation(.permission, "only head office may change \(rules.name) records"))
        }
        if rules.immutable && action != .create {
            found.append(Violation(.validation, "a record of \(rules.name) is never changed after it was made"))
        }
        for field in set {
            addViolations(of: field, by: author, to: &found) { $0.problem($1, at: stage) }
        }
        for field in add {
            addViolations(of: field, by: author, to: &found) { $0.problem(increment: $1, at: stage) }
        }
        if action == .create {
            for name in required where !set.contains(where: { $0.name == name }) {
                guard !add.contains(where: { $0.name == name }) else { continue }
                found.append(violation(FieldProblem("must have a value"), name))
            }
        }
        return found
    }

    private func addViolations(
        of field: Field, by author: AuthorKind, to found: inout [Violation],
        problem: (FieldCheck, PlainValue) -> FieldProblem?
    ) {
        guard let check = fields[field.name] else { return }
        if author == .terminal && check.rules.writers == .central {
            found.append(violation(FieldProblem("may only be changed by head office", kind: .permission), field.name))
        }
        if let problem = problem(check, PlainValue(json: field.value.json)) {
            found.append(violation(problem, field.name))
        }
    }

    private func violation(_ problem: FieldProblem, _ field: String) -> Violation {
        Violation(
            problem.kind, field: field, "it \(problem.text)",
            text: "The field \(field) of \(rules.name) \(problem.text).")
    }
}
