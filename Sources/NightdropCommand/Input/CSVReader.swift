/// Reads comma-separated values (RFC 4180): quotes, line ends within quotes, a byte order mark, LF or CRLF.
///
/// A line end within quotes reads as LF.
final class CSVReader {
    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")

    private let lines: LineReader
    /// The present line, and where to read on in it.
    private var text: [UInt8] = []
    private var index = 0

    /// The line on which the last row began, from 1.
    private(set) var line = 0

    init(_ lines: LineReader) { self.lines = lines }

    /// The cells of the next row; nil at the end. Empty lines are passed over.
    func next() throws -> [String]? {
        repeat {
            guard let next = try lines.next() else { return nil }
            (text, index, line) = (next, 0, lines.number)
        } while text.isEmpty
        var cells = [try cell()]
        while index < text.count {
            // A cell ends before a comma or with the line.
            index += 1
            cells.append(try cell())
        }
        return cells
    }

    /// An error on the line of the last row.
    func error(_ problem: String) -> InputError { InputError(lines, line: max(line, 1), problem) }

    private func cell() throws -> String {
        let bytes = index < text.count && text[index] == CSVReader.quote ? try quotedCell() : try plainCell()
        guard let cell = String(validating: bytes, as: UTF8.self) else { throw error("the text is not UTF-8") }
        return cell
    }

    private func plainCell() throws -> [UInt8] {
        let end = text[index...].firstIndex(of: CSVReader.comma) ?? text.count
        defer { index = end }
        let cell = Array(text[index..<end])
        guard !cell.contains(CSVReader.quote) else {
            throw error("a quote stands within a cell; put the cell in quotes and double the quote")
        }
        return cell
    }

    private func quotedCell() throws -> [UInt8] {
        var cell: [UInt8] = []
        index += 1
        while true {
            guard let end = text[index...].firstIndex(of: CSVReader.quote) else {
                // The line ended within quotes, so its end belongs to the cell.
                cell += text[index...] + [UInt8(ascii: "\n")]
                guard cell.count <= LineReader.longestLine else { throw error("a cell is too long") }
                guard let more = try lines.next() else { throw error("a quote is not closed") }
                (text, index) = (more, 0)
                continue
            }
            cell += text[index..<end]
            index = end + 1
            guard index < text.count, text[index] == CSVReader.quote else { break }
            cell.append(CSVReader.quote)
            index += 1
        }
        guard index == text.count || text[index] == CSVReader.comma else {
            throw error("something stands behind a closing quote")
        }
        return cell
    }
}
