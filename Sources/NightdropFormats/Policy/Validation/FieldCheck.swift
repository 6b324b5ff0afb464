import NightdropModel

/// The rules of one field, made ready for checking many values.
struct FieldCheck: Sendable {
    let rules: FieldPolicy
    /// The kinds of value that the rules allow; empty where any goes.
    private let types: [FieldType]
    private let pattern: TextPattern?
    private let values: [PlainValue]

    init(_ rules: FieldPolicy) {
        self.rules = rules
        let types = FieldKinds(rules).types
        self.types = types.contains(.json) ? [] : types
        // A pattern that does not compile is an error of the policy, and reported where that is read.
        pattern = rules.pattern.flatMap { try? TextPattern($0) }
        values = (rules.oneOf ?? []).map(PlainValue.init(json:))
    }

    /// What is wrong with a value, as the rest of a sentence that begins with the field; nil if nothing is.
    func problem(_ value: PlainValue) -> String? {
        if value == .null { return rules.required ? "must have a value" : nil }
        if rules.merge == .union && value != .list { return "must be a list" }
        if !types.isEmpty && !types.contains(where: value.fits) { return "must be \(FieldCheck.words(for: types))" }
        if rules.oneOf != nil && !values.contains(value) { return "must be one of \(valuesText)" }
        switch value {
        case .number(let number?):
            if let min = rules.min, number < min { return "must be at least \(min)" }
            if let max = rules.max, number > max { return "must be at most \(max)" }
        case .text(let text):
            if let most = rules.maxLength, text.utf8.count > most, text.unicodeScalars.count > most {
                return "must have at most \(most) characters"
            }
            if let pattern, !pattern.matches(text) { return "must match the pattern \(rules.pattern ?? "")" }
        default: break
        }
        return nil
    }

    /// What is wrong with an increment; nil if nothing is.
    func problem(increment value: PlainValue) -> String? {
        if rules.merge != .counter { return "is no counter, so nothing can be added to it" }
        guard value.fits(.decimal) else { return "can only be changed by a number" }
        if rules.type == .integer && !value.fits(.integer) { return "can only be changed by a whole number" }
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
