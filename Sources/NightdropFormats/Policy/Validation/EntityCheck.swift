import NightdropModel

/// The rules of one entity, made ready for checking many changes.
struct EntityCheck: Sendable {
    let rules: EntityPolicy
    private let fields: [String: FieldCheck]
    private let required: [String]

    init(_ rules: EntityPolicy) {
        self.rules = rules
        fields = Dictionary(rules.fields.map { ($0.name, FieldCheck($0)) }) { _, later in later }
        required = rules.fields.filter(\.required).map(\.name)
    }

    func violations(of action: Action, set: [Field], add: [Field], by author: AuthorKind) -> [Violation] {
        var found: [Violation] = []
        if author == .terminal && (rules.direction == .down || rules.writers == .central) {
            found.append(Violation(.permission, "Only head office may change \(rules.name) records."))
        }
        if rules.immutable && action != .create {
            found.append(Violation(.validation, "A \(rules.name) record is never changed after it was made."))
        }
        for field in set {
            addViolations(of: field, by: author, to: &found) { $0.problem($1) }
        }
        for field in add {
            addViolations(of: field, by: author, to: &found) { $0.problem(increment: $1) }
        }
        if action == .create {
            for name in required
            where !set.contains(where: { $0.name == name }) && !add.contains(where: { $0.name == name }) {
                found.append(sentence(.validation, name, "must have a value"))
            }
        }
        return found
    }

    private func addViolations(
        of field: Field, by author: AuthorKind, to found: inout [Violation],
        problem: (FieldCheck, PlainValue) -> String?
    ) {
        guard let check = fields[field.name] else { return }
        if author == .terminal && check.rules.writers == .central {
            found.append(sentence(.permission, field.name, "may only be changed by head office"))
        }
        if let problem = problem(check, PlainValue(json: field.value.json)) {
            found.append(sentence(.validation, field.name, problem))
        }
    }

    private func sentence(_ kind: Violation.Kind, _ field: String, _ problem: String) -> Violation {
        Violation(kind, field: field, "The field \(field) of \(rules.name) \(problem).")
    }
}
