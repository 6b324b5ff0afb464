/// A compiled regular expression in the syntax of Swift's `Regex`, which a whole text must match, character by
/// character in the sense of Unicode scalars.
///
/// `Regex` is not `Sendable` because one that is built in code may hold closures. This one is made of text, so it holds
/// none, and it is compiled in the initializer: matching only reads.
struct TextPattern: @unchecked Sendable {
    private let regex: Regex<AnyRegexOutput>

    /// Throws what the standard library finds wrong with the pattern.
    init(_ pattern: String) throws {
        regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
        _ = try regex.wholeMatch(in: "")
    }

    /// Whether the whole text matches.
    func matches(_ text: String) -> Bool { (try? regex.wholeMatch(in: text)) != nil }
}
