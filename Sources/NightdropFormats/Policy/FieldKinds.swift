import NightdropModel

/// The kinds of value that all rules of a field allow together: `min` makes a number of it, `pattern` a text.
struct FieldKinds {
    /// A rule that leaves no kind of value.
    struct Clash {
        let key: String
        let problem: String
        let suggestion: String
    }

    /// The kinds that are left; all of them where nothing says more.
    private(set) var types: [FieldType]
    /// The rules that do not go with the ones before them.
    private(set) var clashes: [Clash] = []

    init(_ field: FieldPolicy) {
        types = field.type.map { [$0] } ?? FieldType.allCases
        var reason = field.type.map { "`type: \($0.rawValue)`" } ?? ""
        for rule in FieldKinds.rules(of: field) {
            let left = types.filter(rule.types.contains)
            if left.isEmpty {
                let wanted = rule.types.map { "`\($0.rawValue)`" }.joined(separator: ", ")
                clashes.append(
                    Clash(
                        key: rule.key, problem: "`\(rule.text)` does not go with \(reason)",
                        suggestion: "it is for values of type \(wanted)"))
            } else {
                if left.count < types.count { reason = "`\(rule.text)`" }
                types = left
            }
        }
    }

    private static func rules(of field: FieldPolicy) -> [(key: String, text: String, types: [FieldType])] {
        var rules: [(key: String, text: String, types: [FieldType])] = []
        if let merge = field.merge, let types = types(for: merge) {
            rules.append(("merge", "merge: \(merge.rawValue)", types))
        }
        if field.min != nil { rules.append(("min", "min", [.integer, .decimal])) }
        if field.max != nil { rules.append(("max", "max", [.integer, .decimal])) }
        if field.maxLength != nil { rules.append(("maxLength", "maxLength", [.text])) }
        if field.pattern != nil { rules.append(("pattern", "pattern", [.text])) }
        if field.oneOf != nil { rules.append(("oneOf", "oneOf", FieldType.allCases.filter { $0 != .json })) }
        return rules
    }

    private static func types(for rule: MergeRule) -> [FieldType]? {
        switch rule {
        case .counter: [.integer, .decimal]
        case .max, .min: [.integer, .decimal, .date, .time]
        case .union: [.json]
        case .lastWriteWins, .centralWins, .terminalWins, .manual, .hook: nil
        }
    }
}
