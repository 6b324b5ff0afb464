import NightdropModel
import Yams

/// A single value of a policy file, read as JSON would be: only `true`, `false`, `null` (or nothing) and JSON numbers
/// are more than text, and only without quotes. So `no`, `2026-11-20` and `17:59` are text.
enum PolicyScalar: Equatable {
    case null
    case boolean(Bool)
    case number(String)
    case text(String)

    init(_ scalar: Node.Scalar) {
        let text = scalar.string
        guard scalar.style == .plain, scalar.tag == .implicit else {
            self = .text(text)
            return
        }
        switch text {
        case "", "~", "null": self = .null
        case "true": self = .boolean(true)
        case "false": self = .boolean(false)
        default: self = PolicyScalar.isNumber(text) ? .number(text) : .text(text)
        }
    }

    /// Whether a text is a JSON number, within the limits or not.
    static func isNumber(_ text: String) -> Bool {
        // Most scalars are words, and the end of a plain one is no space.
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (48...57).contains(first),
            case .number = try? JSONValue.parse(text)
        else { return false }
        return true
    }

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .null: "nothing"
        case .boolean(let value): "the truth value `\(value)`"
        case .number(let text): "the number `\(text)`"
        case .text(let text): text.isEmpty ? "an empty text" : "the text `\(text)`"
        }
    }
}
