import Yams

/// The tree of a YAML text, with duplicate keys kept apart so that all of them can be reported.
enum PolicyDocument {
    /// Marks the earlier of two equal keys while the tree is built; from the private use area of Unicode.
    static let duplicateMark: Unicode.Scalar = "\u{E000}"

    /// More equal keys than this are not told apart.
    private static let maximumDuplicates = 64

    /// The root of the only document; nil if the text holds nothing but comments.
    ///
    /// The YAML library stops at the first equal key. The earlier one is marked, and the text read again, until all
    /// keys differ; `PolicySection` takes the marks away and reports.
    static func root(of yaml: String, file: String) throws(PolicyError) -> Node? {
        var text = yaml
        for _ in 0..<maximumDuplicates {
            do {
                return try Yams.compose(yaml: text, .basic, .default, .utf8)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard let marked = marking(text, at: context.mark) else {
                    throw error(
                        file, context.mark.line, "the key `\(keys.first ?? "")` is given twice", "remove one of them")
                }
                text = marked
            } catch let problem as YamlError {
                throw error(problem, file: file)
            } catch {
                throw self.error(file, 1, "this is no YAML: \(error)", "a policy is one YAML document")
            }
        }
        throw error(file, 1, "too many keys are given twice", "remove them")
    }

    /// The text with a mark put into the key that stands at a place.
    private static func marking(_ text: String, at mark: Mark) -> String? {
        var scalars = text.unicodeScalars
        guard var index = index(of: mark, in: scalars), index < scalars.endIndex else { return nil }
        if scalars[index] == "\"" || scalars[index] == "'" { index = scalars.index(after: index) }
        scalars.insert(duplicateMark, at: index)
        return String(scalars)
    }

    private static func index(of mark: Mark, in scalars: String.UnicodeScalarView) -> String.Index? {
        var index = scalars.startIndex
        if scalars.first == "\u{FEFF}" { index = scalars.index(after: index) }
        for _ in 1..<max(mark.line, 1) {
            guard let end = scalars[index...].firstIndex(where: isLineEnd) else { return nil }
            index = scalars.index(after: end)
            if scalars[end] == "\r", index < scalars.endIndex, scalars[index] == "\n" {
                index = scalars.index(after: index)
            }
        }
        return scalars.index(index, offsetBy: mark.column - 1, limitedBy: scalars.endIndex)
    }

    /// What ends a line in YAML 1.1, which is what the library counts by.
    private static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    private static func error(_ problem: YamlError, file: String) -> PolicyError {
        switch problem {
        case .scanner(let context, let text, let mark, _), .parser(let context, let text, let mark, _),
            .composer(let context, let text, let mark, _):
            let around = context.map { " \($0.text) that begins on line \($0.mark.line)," } ?? ""
            return error(file, mark.line, "this is no YAML:\(around) \(text)", "check quotes, commas and indentation")
        case .reader(let text, let offset, _, let yaml):
            let line = 1 + yaml.prefix(offset ?? 0).unicodeScalars.count { $0 == "\n" }
            return error(file, line, "this is no YAML: \(text)", "a policy is plain text in UTF-8")
        default:
            return error(file, 1, "this is no YAML: \(problem)", "a policy is one YAML document")
        }
    }

    private static func error(_ file: String, _ line: Int, _ text: String, _ suggestion: String? = nil) -> PolicyError {
        PolicyError([PolicyFinding(file: file, line: line, path: "", problem: text, suggestion: suggestion)])
    }
}
