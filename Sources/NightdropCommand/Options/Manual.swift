import Nightdrop

/// The discussion in a command's help: what it does, examples, exit statuses.
enum Manual {
    /// A page. `statuses` are those besides 0 and 64, which every command has, and 78, which those have that open a node.
    static func page(
        _ text: String, examples: [String], statuses: [NightdropError.Kind] = [], opensNode: Bool = true
    ) -> String {
        let lines = ["0   done, also where there was nothing to do", "64  wrong use"]
        let codes = Set(statuses + (opensNode ? [.badSettings] : [])).sorted { $0.rawValue < $1.rawValue }.map {
            "\($0.rawValue)  \(meaning($0))"
        }
        return """
            \(text)

            EXAMPLES:
            \(examples.map { "  " + $0 }.joined(separator: "\n"))

            EXIT STATUS:
            \((lines + codes).map { "  " + $0 }.joined(separator: "\n"))
            """
    }

    private static func meaning(_ kind: NightdropError.Kind) -> String {
        switch kind {
        case .usage: "wrong use"
        case .refused: "refused for what it is: damaged, not valid, breaks a rule"
        case .notFound: "no such file or directory"
        case .cannotCreate: "cannot create: it exists already, or may not be written"
        case .inputOutput: "reading or writing failed, or the disk is full"
        case .tryAgain: "try again later: incomplete, something before it is missing, locked, has changed"
        case .notPermitted: "refused for who it is from: unsigned, unknown key, other organisation"
        case .badSettings: "the settings or the policy are wrong"
        }
    }
}
