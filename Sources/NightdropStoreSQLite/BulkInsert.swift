import GRDB

/// Inserts rows of one table, many with one statement: SQLite then finds its place in the trees once for all of them.
struct BulkInsert {
    /// A row of a statement, whose columns are to be bound.
    struct Row {
        fileprivate let statement: SQLStatement
        fileprivate let offset: Int32

        /// Columns count from 1.
        func bind(_ column: Int32, _ value: Int64) { statement.bind(offset + column, value) }
        func bind(_ column: Int32, _ value: Int64?) { statement.bind(offset + column, value) }
        func bind(_ column: Int32, _ value: Bool) { statement.bind(offset + column, value) }
        /// The bytes must stay where they are until all rows are inserted.
        func bind(_ column: Int32, bytes: UnsafeRawBufferPointer) { statement.bind(offset + column, bytes: bytes) }
        func bind(_ column: Int32, _ text: String) { statement.bind(offset + column, text) }
    }

    /// How many rows a statement inserts.
    static let rows = 64

    private let many: SQLStatement
    private let one: SQLStatement
    private let columns: Int32

    /// Rows of a table, given with its columns in parentheses, of which there are so many.
    init(_ db: Database, into table: String, columns: Int) throws {
        let row = "(" + repeatElement("?", count: columns).joined(separator: ",") + ")"
        one = try SQLStatement(db, "INSERT INTO \(table) VALUES \(row)")
        many = try SQLStatement(
            db,
            "INSERT INTO \(table) VALUES " + repeatElement(row, count: BulkInsert.rows).joined(separator: ","))
        self.columns = Int32(columns)
    }

    /// Inserts `count` rows. `bind` gets the place of each and binds all its columns.
    func insert(_ count: Int, _ bind: (Row, Int) throws -> Void) throws {
        var start = 0
        while start + BulkInsert.rows <= count {
            for place in 0..<BulkInsert.rows {
                try bind(Row(statement: many, offset: Int32(place) * columns), start + place)
            }
            try many.run()
            start += BulkInsert.rows
        }
        for place in start..<count {
            try bind(Row(statement: one, offset: 0), place)
            try one.run()
        }
    }
}
