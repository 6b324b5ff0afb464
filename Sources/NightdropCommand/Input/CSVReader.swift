/// Reads comma-separated values (RFC 4180): quotes, line ends within quotes, a byte order mark, LF or CRLF.
final class CSVReader {
    private let lines: LineReader

    /// The line on which the last row began, from 1.
    private(set) var line = 0

    init(_ lines: LineReader) { self.lines = lines }

    /// The cells of the next row; nil at the end. Empty lines are passed over.
    func next() throws -> [String]? {
        while var text = try lines.next() {
            line = lines.number
            if line == 1, text.starts(with: [0xEF, 0xBB, 0xBF]) { text.removeFirst(3) }
            if text.isEmpty { continue }
            return try row(text)
        }
        return nil
    }

    /// An error on the line of the last row.
    func error(_ problem: String) -> InputError { InputError(lines, line: line, problem) }

    private func row(_ first: [UInt8]) throws -> [String] {
        let (quote, comma) = (UInt8(ascii: "\""), UInt8(ascii: ","))
        var text = first
        var index = 0
        var cells: [String] = []
        while true {
            var cell: [UInt8] = []
            if index < text.count, text[index] == quote {
                index += 1
                while true {
                    if index == text.count {
                        // The line ended within quotes, so its end belongs to the cell.
                        guard let more = try lines.next() else { throw error("a quote is not closed") }
                        guard cell.count <= LineReader.longestLine else { throw error("a cell is too long") }
                        cell.append(UInt8(ascii: "\n"))
                        (text, index) = (more, 0)
                    } else if text[index] != quote {
                        cell.append(text[index])
                        index += 1
                    } else if index + 1 < text.count, text[index + 1] == quote {
                        cell.append(quote)
                        index += 2
                    } else {
                        index += 1
                        break
                    }
                }
                guard index == text.count || text[index] == comma else {
                    throw error("something stands behind a closing quote")
                }
            } else {
                let end = text[index...].firstIndex(of: comma) ?? text.count
                cell = Array(text[index..<end])
                guard !cell.contains(quote) else {
                    throw error("a quote stands within a cell; put the cell in quotes and double the quote")
                }
                index = end
            }
            guard let decoded = String(validating: cell, as: UTF8.self) else { throw error("the text is not UTF-8") }
            cells.append(decoded)
            if index == text.count { return cells }
            index += 1
        }
    }
}
