import NightdropFiles

/// A table of aligned columns, two spaces apart.
struct Table {
    private let titles: [String]
    private let numbers: Set<Int>
    private var rows: [[String]] = []

    /// A table; the columns in `numbers` are aligned right.
    init(_ titles: [String], numbers: Set<Int> = []) {
        self.titles = titles
        self.numbers = numbers
    }

    /// Whether it has no rows.
    var isEmpty: Bool { rows.isEmpty }

    /// Adds a row with a cell for each column.
    mutating func add(_ cells: [String]) { rows.append(cells.map(\.visible)) }

    /// Prints the titles and all rows.
    func print(to console: Console) throws(FileError) {
        var widths = titles.map(\.count)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
        }
        try console.out.line(console.style.bold(line(titles, widths)))
        for row in rows { try console.out.line(line(row, widths)) }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var text = ""
        for (column, cell) in cells.enumerated() {
            let space = String(repeating: " ", count: widths[column] - cell.count)
            text += numbers.contains(column) ? space + cell : cell + space
            if column < cells.count - 1 { text += "  " }
        }
        while text.last == " " { text.removeLast() }
        return text
    }
}
