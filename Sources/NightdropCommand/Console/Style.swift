import Glibc

/// Colours, where a person looks at a terminal and has not declined them (no-color.org).
struct Style {
    private let isEnabled: Bool

    init(descriptor: Int32) {
        let declined = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        let dumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        isEnabled = isatty(descriptor) == 1 && !declined && !dumb
    }

    func bold(_ text: String) -> String { wrapped(text, "1") }
    func good(_ text: String) -> String { wrapped(text, "32") }
    func bad(_ text: String) -> String { wrapped(text, "31") }
    func faint(_ text: String) -> String { wrapped(text, "2") }

    private func wrapped(_ text: String, _ code: String) -> String {
        isEnabled ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

extension StringProtocol {
    /// The text on one line, without control characters, which would act on the terminal of whoever reads it.
    var visible: String {
        unicodeScalars.reduce(into: "") { out, scalar in
            out += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
    }
}
