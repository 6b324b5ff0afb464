import NightdropModel
import Yams

extension PolicyReader {
    /// One of the words of a type.
    mutating func word<Word>(_ entry: PolicyEntry) -> Word?
    where Word: RawRepresentable<String> & CaseIterable {
        let words = Word.allCases.map(\.rawValue)
        guard let node = entry.node.scalar, PolicyScalar(node) != .null else {
            findings.add(
                entry.valuePlace, "expected one word, not \(PolicyReader.kind(entry.node))",
                "possible are " + words.map { "`\($0)`" }.joined(separator: ", "))
            return nil
        }
        if let word = Word(rawValue: node.string) { return word }
        findings.add(
            entry.valuePlace, "`\(node.string)` has no meaning here",
            ClosestWord.suggestion(for: node.string, among: words))
        return nil
    }

    /// `true` or `false`.
    mutating func flag(_ entry: PolicyEntry) -> Bool? {
        if let scalar = entry.node.scalar {
            if case .boolean(let value) = PolicyScalar(scalar) { return value }
            switch scalar.string.lowercased() {
            case "true", "yes", "on", "y": return mismatch(entry, "`true` or `false`", "did you mean `true`?")
            case "false", "no", "off", "n": return mismatch(entry, "`true` or `false`", "did you mean `false`?")
            default: break
            }
        }
        return mismatch(entry, "`true` or `false`", "write one of both, without quotes")
    }

    /// A number exactly as it is written.
    mutating func number(_ entry: PolicyEntry) -> ExactDecimal? {
        guard let scalar = entry.node.scalar, case .number(let text) = PolicyScalar(scalar) else {
            return mismatch(entry, "a number", "write it like `12.50`, without quotes")
        }
        if let value = ExactDecimal(text) { return value }
        return mismatch(entry, "a number of at most 34 digits, with an exponent within ±99", "write fewer digits")
    }

    /// A whole number within a range.
    mutating func wholeNumber(_ entry: PolicyEntry, in range: ClosedRange<Int>) -> Int? {
        let expected =
            range.upperBound == .max
            ? "a whole number from \(range.lowerBound) on"
            : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let scalar = entry.node.scalar, case .number(let text) = PolicyScalar(scalar), let value = Int(text),
            range.contains(value)
        else { return mismatch(entry, expected, "write it like `\(range.lowerBound)`, without quotes") }
        return value
    }

    /// A text that is not empty.
    mutating func text(_ entry: PolicyEntry) -> String? {
        guard let scalar = entry.node.scalar else {
            return mismatch(entry, "a text", "write one value behind the colon")
        }
        switch PolicyScalar(scalar) {
        case .text(let text) where !text.isEmpty: return text
        case .number(let text): return mismatch(entry, "a text", "write it in quotes: \"\(text)\"")
        case .boolean(let value): return mismatch(entry, "a text", "write it in quotes: \"\(value)\"")
        default: return mismatch(entry, "a text", "write one, or leave `\(entry.key)` out")
        }
    }

    /// A text that can be a name: 1 to 256 bytes, no control characters.
    mutating func name(_ entry: PolicyEntry) -> String? {
        guard let text = text(entry) else { return nil }
        guard let problem = PolicyReader.problem(withName: text) else { return text }
        findings.add(entry.valuePlace, "a name \(problem)", "choose another one")
        return nil
    }

    /// A regular expression.
    mutating func pattern(_ entry: PolicyEntry) -> String? {
        guard let text = text(entry) else { return nil }
        do {
            _ = try TextPattern(text)
            return text
        } catch {
            findings.add(
                entry.valuePlace, "`\(text)` is no regular expression: \(error)",
                "write it in single quotes, and a backslash before a sign that is meant as it is")
            return nil
        }
    }

    /// A list of single values, as compact JSON.
    mutating func constants(_ entry: PolicyEntry) -> [String]? {
        guard let sequence = entry.node.sequence else { return mismatch(entry, "a list", "write it like `[a, b]`") }
        guard !sequence.isEmpty else {
            return mismatch(entry, "a list of at least one value", "leave it out to allow every value")
        }
        return sequence.compactMap { node in
            let place = PolicyPlace(line: node.mark?.line ?? entry.place.line, path: entry.place.path)
            switch node.scalar.map(PolicyScalar.init) {
            case .text(let text): return JSONString.quoted(text)
            case .boolean(let value): return value ? "true" : "false"
            case .number(let text) where ExactDecimal(text) != nil: return text
            case .number:
                findings.add(place, "a number has at most 34 digits, and an exponent within ±99", "write fewer digits")
            case .null: findings.add(place, "an empty value needs no mention", "leave it out")
            case nil:
                findings.add(place, "expected texts, numbers, `true` or `false`, not a list", "write it like `[a, b]`")
            }
            return nil
        }
    }

    /// What makes a text unfit as a name; nil for a fit one.
    static func problem(withName name: String) -> String? {
        if name.isEmpty { return "is not empty" }
        if name.utf8.count > Limits.nameBytes { return "has at most \(Limits.nameBytes) bytes" }
        if name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "has no control characters"
        }
        return nil
    }

    private mutating func mismatch<Value>(
        _ entry: PolicyEntry, _ expected: String, _ suggestion: String? = nil
    ) -> Value? {
        findings.add(entry.valuePlace, "expected \(expected), not \(PolicyReader.kind(entry.node))", suggestion)
        return nil
    }

    private static func kind(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): PolicyScalar(scalar).kind
        case .mapping: "a list of keys with values"
        case .sequence(let sequence): sequence.isEmpty ? "an empty list" : "a list"
        case .alias: "an alias"
        }
    }
}
