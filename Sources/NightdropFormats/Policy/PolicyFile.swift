import NightdropModel

/// Policies as YAML text; `Formats/policy.md` describes every key.
public enum PolicyFile {
    /// The policy in a YAML text.
    ///
    /// - Parameters:
    ///   - yaml: The text, one YAML document.
    ///   - file: What messages call it, usually its path.
    /// - Throws: everything that is wrong in it, each with line and key path.
    public static func parse(_ yaml: String, file: String) throws(PolicyError) -> Policy {
        guard let root = try PolicyDocument.root(of: yaml, file: file) else {
            throw PolicyError([
                PolicyFinding(
                    file: file, line: 1, path: "", problem: "the policy is empty",
                    suggestion: "it needs at least `version` and `organisation`")
            ])
        }
        var reader = PolicyReader(file: file)
        let policy = reader.policy(root)
        let findings = reader.findings.list.enumerated().sorted {
            ($0.element.line, $0.offset) < ($1.element.line, $1.offset)
        }
        guard findings.isEmpty else { throw PolicyError(findings.map(\.element)) }
        return policy
    }

    /// The YAML text of a policy: always the same for equal policies, without what is the default anyway.
    public static func text(for policy: Policy) -> String { PolicyWriter.text(for: policy) }

    /// The policy that a new central starts with, for shops and restaurants.
    ///
    /// - Throws: if `organisation` cannot be the name of an organisation.
    public static func builtIn(organisation: String) throws(PolicyError) -> Policy {
        try parse(builtInText(organisation: organisation), file: "built-in policy")
    }

    /// The built-in policy as text, with comments for whoever adapts it.
    public static func builtInText(organisation: String) -> String {
        BuiltInPolicy.head + "organisation: \(PolicyWriter.scalar(organisation))\n" + BuiltInPolicy.entities
    }
}
