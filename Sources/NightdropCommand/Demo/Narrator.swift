import Glibc
import NightdropFiles

/// Tells the story of the demo on standard output.
final class Narrator {
    /// The width of paragraphs.
    private static let columns = 80

    let out = Output()
    private let style = Style(descriptor: STDOUT_FILENO)
    private var scenes = 0

    /// Begins a scene.
    func scene(_ title: String) throws {
        scenes += 1
        try out.line("\n" + style.bold("\(scenes). \(title)") + "\n")
        try out.flush()
    }

    /// A paragraph of the story.
    func tell(_ text: String) throws {
        for line in Narrator.wrapped(text, width: Narrator.columns) { try out.line(line) }
        try out.flush()
    }

    /// Something that the program has answered.
    func fact(_ text: String) throws {
        let lines = Narrator.wrapped(text.visible, width: Narrator.columns - 4)
        for (index, line) in lines.enumerated() { try out.line((index == 0 ? "  - " : "    ") + line) }
    }

    /// A command to copy.
    func command(_ text: String, _ meaning: String) throws {
        try out.line("  " + style.faint("# \(meaning)"))
        try out.line("  \(text)")
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty && line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + [line]
    }
}
