import NightdropModel

/// What is wrong with a value.
struct FieldProblem {
    let kind: Violation.Kind
    /// The rest of a sentence that begins with the field.
    let text: String

    init(_ text: String, kind: Violation.Kind = .validation) {
        self.kind = kind
        self.text = text
    }
}

/// The rules of one field, made ready for checking many values.
public final class FieldCheck: Sendable {
    let rules: FieldPolicy
    /// The kinds of value that the rules allow; empty where any goes.
    let types: [FieldType]
    private let pattern: TextPattern?
    private let values: [PlainValue]

    /// The rules of a field's policy.
    public init(_ rules: FieldPolicy) {
        self.rules = rules
        let types = FieldKinds(rules).types
        self.types = types.contains(.json) ? [] : types
        // A pattern that does not compile is an error of the policy, and reported where that is read.
        pattern = rules.pattern.flatMap { try? TextPattern($0) }
        values = (rules.oneOf ?? []).map(PlainValue.init(json:))
    }

    /// Whether any value could break a rule.
    var isNeeded: Bool {
        !types.isEmpty || rules.required || rules.writers == .central || rules.merge == .union || rules.oneOf != nil
    }

    /// What is wrong with a value that is a well-formed JSON text, as a clause; nil if nothing is.
    public func fault(_ json: String) -> String? { problem(PlainValue(json: json)).map { "it \($0.text)" } }

    /// What is wrong with a value; nil if nothing is.
    func problem(_ value: PlainValue, at stage: EntityCheck.Stage = .recording) -> FieldProblem? {
        if value == .null { return rules.required ? FieldProblem("must have a value") : nil }
        if rules.merge == .union && value != .list { return FieldProblem("must be a list") }
        if !types.isEmpty && !types.contains(where: value.fits) {
            return FieldProblem("must be \(FieldCheck.words(for: types))")
        }
        if rules.oneOf != nil && !values.contains(value) { return FieldProblem("must be one of \(valuesText)") }
        switch value {
        case .number(let number?) where stage == .recording || rules.merge != .counter:
            if let min = rules.min, number < min { return FieldProblem("must be at least \(min)", kind: .constraint) }
            if let max = rules.max, number > max { return FieldProblem("must be at most \(max)", kind: .constraint) }
        case .text(let text):
            if let most = rules.maxLength, text.utf8.count > most, text.unicodeScalars.count > most {
                return FieldProblem("must have at most \(most) characters")
            }
            if let pattern, !pattern.matches(text) {
                return FieldProblem("must match the pattern \(rules.pattern ?? "")")
            }
        default: break
        }
        return nil
    }

    /// What is wrong with an increment; nil if nothing is.
    func problem(increment value: PlainValue, at stage: EntityCheck.Stage = .recording) -> FieldProblem? {
        if rules.merge != .counter && stage == .recording {
            return FieldProblem("is no counter, so nothing can be added to it")
        }
        guard value.fits(.decimal) else { return FieldProblem("can only be changed by a number") }
        if rules.type == .integer && !value.fits(.integer) {
            return FieldProblem("can only be changed by a whole number")
        }
        return nil
    }

    private var valuesText: String { (rules.oneOf ?? []).joined(separator: ", ") }

    private static func words(for types: [FieldType]) -> String {
        // Whole numbers are numbers.
        types.filter { $0 != .integer || types.count == 1 }.map(words).joined(separator: " or ")
    }

    private static func words(for type: FieldType) -> String {
        switch type {
        case .text: "a text"
        case .integer: "a whole number"
        case .decimal: "a number"
        case .boolean: "true or false"
        case .date: "a date like 2026-11-20"
        case .time: "a time like 17:59"
        case .json: "a value"
        }
    }
}
