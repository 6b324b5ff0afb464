import NightdropModel

/// Writes policies as YAML: entities as blocks, a field per line, nothing that is the default.
enum PolicyWriter {
    static func text(for policy: Policy) -> String {
        var lines = ["version: \(policy.version)", "organisation: \(scalar(policy.organisation))"]
        if !policy.entities.isEmpty { lines.append("entities:") }
        for entity in policy.entities { lines += self.lines(for: entity) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(for entity: EntityPolicy) -> [String] {
        let plain = EntityPolicy(name: entity.name)
        var keys: [String] = []
        if entity.direction != plain.direction { keys.append("direction: \(entity.direction.rawValue)") }
        if entity.scope != plain.scope { keys.append("scope: \(entity.scope.rawValue)") }
        if entity.priority != plain.priority { keys.append("priority: \(entity.priority)") }
        if entity.onConflict != plain.onConflict { keys.append("onConflict: \(entity.onConflict.rawValue)") }
        if let rule = entity.onDuplicate { keys.append("onDuplicate: \(rule.rawValue)") }
        if entity.immutable { keys.append("immutable: true") }
        if let field = entity.controlTotal { keys.append("controlTotal: \(scalar(field))") }
        if entity.writers != plain.writers { keys.append("writers: \(entity.writers.rawValue)") }
        if let hook = entity.hook { keys.append("hook: \(scalar(hook))") }
        let name = scalar(entity.name)
        guard !keys.isEmpty || !entity.fields.isEmpty else { return ["  \(name): {}"] }
        var lines = ["  \(name):"] + keys.map { "    \($0)" }
        if !entity.fields.isEmpty { lines.append("    fields:") }
        return lines + entity.fields.map { "      \(scalar($0.name)): {\(self.keys(of: $0).joined(separator: ", "))}" }
    }

    private static func keys(of field: FieldPolicy) -> [String] {
        var keys: [String] = []
        if let type = field.type { keys.append("type: \(type.rawValue)") }
        if let merge = field.merge { keys.append("merge: \(merge.rawValue)") }
        if field.required { keys.append("required: true") }
        if let min = field.min { keys.append("min: \(min.text)") }
        if let max = field.max { keys.append("max: \(max.text)") }
        if let maxLength = field.maxLength { keys.append("maxLength: \(maxLength)") }
        if let values = field.oneOf { keys.append("oneOf: [\(values.map(constant).joined(separator: ", "))]") }
        if let pattern = field.pattern { keys.append("pattern: \(scalar(pattern))") }
        if field.sensitive { keys.append("sensitive: true") }
        if field.writers != .all { keys.append("writers: \(field.writers.rawValue)") }
        if let hook = field.hook { keys.append("hook: \(scalar(hook))") }
        return keys
    }

    private static func constant(_ json: String) -> String {
        if case .text(let text) = PlainValue(json: json) { scalar(text) } else { json }
    }

    /// A text as YAML: as it is where no reader of any YAML version could take it for something else, else in quotes.
    static func scalar(_ text: String) -> String {
        let isPlain = text.wholeMatch(of: /[A-Za-z][A-Za-z0-9_]*([ -][A-Za-z0-9_]+)*/) != nil
        return isPlain && !notText.contains(text.lowercased()) ? text : quoted(text)
    }

    /// Words that YAML 1.1 or 1.2 reads as something else than text.
    private static let notText: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case " "..."~",
                "\u{A1}"..."\u{D7FF}" where scalar != "\u{2028}" && scalar != "\u{2029}",
                "\u{F900}"..."\u{FDFF}", "\u{10000}"...:
                out.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return out + "\""
    }
}
