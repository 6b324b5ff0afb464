/// Finds rows of one id that say different things. Of each row it keeps two hashes and a line, not its text.
struct RepeatedRows {
    private struct First {
        let line: Int
        let cells: Int
    }

    private var firsts: [Int: First] = [:]

    /// Notes a row. Returns the line of an earlier one of the same id that says something else.
    mutating func note(_ id: String, _ row: [String], line: Int) -> Int? {
        let first = First(line: line, cells: RepeatedRows.hash(row))
        guard let known = firsts.updateValue(first, forKey: RepeatedRows.hash([id])) else { return nil }
        return known.cells == first.cells ? nil : known.line
    }

    /// Of the bytes: texts that only look the same are different ids.
    private static func hash(_ cells: [String]) -> Int {
        var hasher = Hasher()
        for var cell in cells {
            hasher.combine(cell.utf8.count)
            cell.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
        return hasher.finalize()
    }
}
