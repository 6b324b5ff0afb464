import GRDB
import NightdropStore

/// Inserts rows behind the last one of a table, many with one statement: SQLite then finds its place in the trees once for
/// all of them.
///
/// Only the first row is told its number. SQLite numbers the others itself, each behind the one before, and so need not look
/// whether a number is taken. What fails leaves the rows before it (`OR FAIL`), as the whole transaction is rolled back then:
/// to be able to take back one statement alone, SQLite would copy every page before it changes it.
final class BulkInsert {
    /// A row of a statement, whose columns are to be bound.
    struct Row {
        fileprivate let statement: SQLStatement
        fileprivate let offset: Int32

        /// Columns count from 1, behind the row's number.
        func bind(_ column: Int32, _ value: Int64) { statement.bind(offset + column, value) }
        func bind(_ column: Int32, _ value: Int64?) { statement.bind(offset + column, value) }
        func bind(_ column: Int32, _ value: Bool) { statement.bind(offset + column, value) }
        /// The bytes must stay where they are until all rows are inserted.
        func bind(_ column: Int32, bytes: UnsafeRawBufferPointer) { statement.bind(offset + column, bytes: bytes) }
        func bind(_ column: Int32, _ text: String) { statement.bind(offset + column, text) }
    }

    /// How many rows a statement inserts.
    static let rows = 64

    private let db: Database
    private let table: String
    private let many: SQLStatement
    private let one: SQLStatement
    private let columns: Int32
    private var next: Int64?

    /// Rows of a table, whose number is `key`, and which has these columns besides.
    init(_ db: Database, into table: String, key: String, _ columns: [String]) throws {
        self.db = db
        self.table = table
        self.columns = Int32(columns.count)
        let names = columns.joined(separator: ",")
        let row = "(" + repeatElement("?", count: columns.count).joined(separator: ",") + ")"
        one = try SQLStatement(db, "INSERT INTO \(table) (\(names),\(key)) VALUES (\(row.dropFirst().dropLast()),?)")
        many = try SQLStatement(
            db,
            "INSERT OR FAIL INTO \(table) (\(names)) VALUES "
                + repeatElement(row, count: BulkInsert.rows).joined(separator: ","))
    }

    /// Inserts `count` rows with the numbers from `first` on, where the rows before ended, if there were any. `bind` gets
    /// the place of each and binds all its columns.
    func insert(_ count: Int, from first: Int64, _ bind: (Row, Int) throws -> Void) throws {
        var place = 0
        while place < count {
            let number = first + Int64(place)
            if number == next, place + BulkInsert.rows <= count {
                for row in 0..<BulkInsert.rows {
                    try bind(Row(statement: many, offset: Int32(row) * columns), place + row)
                }
                try many.run()
                place += BulkInsert.rows
            } else {
                try bind(Row(statement: one, offset: 0), place)
                one.bind(columns + 1, number)
                try one.run()
                place += 1
            }
            next = first + Int64(place)
            guard db.lastInsertedRowID + 1 == next else {
                throw StoreError(.failed, "\(table): row \(number) got number \(db.lastInsertedRowID)")
            }
        }
    }
}
