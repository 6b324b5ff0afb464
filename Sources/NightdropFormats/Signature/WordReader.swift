/// Reads the words of a line that are separated by spaces or tabs.
struct WordReader {
    private var rest: ArraySlice<UInt8>

    /// A reader of one line, without its line break.
    init(_ line: ArraySlice<UInt8>) {
        rest = line
        skipBlanks()
    }

    /// The next word, empty at the end. Blanks between double quotes belong to the word.
    mutating func next() -> String {
        var isQuoted = false
        let end =
            rest.firstIndex { byte in
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                return !isQuoted && WordReader.isBlank(byte)
            } ?? rest.endIndex
        let word = String(decoding: rest[..<end], as: UTF8.self)
        rest = rest[end...]
        skipBlanks()
        return word
    }

    /// All that is left, such as a comment, without blanks around it.
    mutating func remainder() -> String {
        while let last = rest.last, WordReader.isBlank(last) { rest.removeLast() }
        defer { rest = [] }
        return String(decoding: rest, as: UTF8.self)
    }

    private mutating func skipBlanks() { rest = rest.drop(while: WordReader.isBlank) }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
