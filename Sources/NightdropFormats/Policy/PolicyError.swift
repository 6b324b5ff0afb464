/// What is wrong at one place of a policy file.
public struct PolicyFinding: Sendable, Equatable, CustomStringConvertible {
    /// The file as the caller named it.
    public let file: String
    /// The line, counted from 1.
    public let line: Int
    /// The keys that lead there, `entities.product.fields.price.merge`; empty where the file is no YAML.
    public let path: String
    /// What is wrong, as a clause.
    public let problem: String
    /// What to write instead, as a clause.
    public let suggestion: String?

    /// A finding.
    public init(file: String, line: Int, path: String, problem: String, suggestion: String? = nil) {
        self.file = file
        self.line = line
        self.path = path
        self.problem = problem
        self.suggestion = suggestion
    }

    /// One line: `policy.yaml:12: entities.product.merge: unknown key; did you mean …?`
    public var description: String {
        let place = path.isEmpty ? "\(file):\(line)" : "\(file):\(line): \(path)"
        return PolicyFinding.visible("\(place): \(problem)" + (suggestion.map { "; \($0)" } ?? ""))
    }

    /// Control characters would act on the terminal of whoever reads the message.
    private static func visible(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { out, scalar in
            out += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
    }
}

/// A policy file that cannot be used, with everything that is wrong in it, in the order of the lines.
public struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// At least one.
    public let findings: [PolicyFinding]

    /// An error.
    public init(_ findings: [PolicyFinding]) { self.findings = findings }

    /// A line per finding.
    public var description: String { findings.map(\.description).joined(separator: "\n") }
}
