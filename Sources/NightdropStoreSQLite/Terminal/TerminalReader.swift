import GRDB
import NightdropFormats
import NightdropModel
import NightdropStore

/// What can be asked of a terminal's store.
public struct TerminalReader {
    let db: Database

    /// How often something of central was applied, and the cursor's CSN.
    public func head() throws -> (generation: Int64, csn: Int64?) {
        try TerminalReader.head(of: SQLStatement(db, TerminalReader.headSelect))
    }

    static let headSelect = "SELECT generation, csn FROM _terminal"

    /// What `headSelect` finds.
    static func head(of statement: SQLStatement) throws -> (generation: Int64, csn: Int64?) {
        defer { statement.reset() }
        guard try statement.step() else { throw StoreError(.damaged, "the store has lost its position") }
        return (statement.integer(0), statement.optional(1))
    }

    /// The last of the journal's operations that the store contains.
    public func position() throws -> Int64 {
        let statement = try SQLStatement(db, "SELECT seq FROM _terminal")
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : 0
    }

    /// How far the store has come.
    public func state() throws -> TerminalState {
        let statement = try SQLStatement(
            db,
            """
            SELECT journal, seq, generation, epoch, csn, merge, receipt, policy, seen, exported, exchanged, error,
                coverage
            FROM _terminal
            """)
        defer { statement.reset() }
        guard try statement.step() else { throw StoreError(.damaged, "the store has lost its position") }
        func json(_ column: Int32) throws -> JSONValue? {
            try statement.optionalText(column).map { text throws(JSONError) in try JSONValue.parse(text) }
        }
        var cursor: NightdropModel.Cursor?
        if let epoch = statement.optionalText(3).flatMap(UniqueID.init), let csn = statement.optional(4) {
            cursor = NightdropModel.Cursor(epoch: epoch, csn: csn, transaction: statement.text(5))
        }
        return TerminalState(
            journal: statement.optionalText(0).flatMap(UniqueID.init), seq: statement.integer(1),
            generation: statement.integer(2), cursor: cursor, receipt: try json(6).flatMap(Receipt.init(json:)),
            policy: statement.optionalText(7), seen: statement.integer(8),
            exported: statement.optionalText(9), exchanged: statement.optional(10),
            error: statement.optionalText(11), coverage: try json(12).flatMap(Coverage.init(json:)))
    }

    static let recordSelect = """
        SELECT data, lives, csn FROM _record WHERE entity = (SELECT code FROM _entity WHERE name = ?) AND id = ?
        """

    /// A record, living or not.
    public func record(_ entity: String, _ id: String) throws -> RecordState? {
        try RecordState(SQLStatement(db, TerminalReader.recordSelect), entity, id)
    }

    /// The numbers of the commit that bore a key.
    public func key(_ key: String) throws -> ClosedRange<Int64>? {
        let statement = try SQLStatement(db, "SELECT first, last FROM _key WHERE key = ?")
        statement.bind(1, key)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0)...statement.integer(1) : nil
    }

    /// The entity's name as it is written here already, if it differs in case only.
    public func spelling(of entity: String) throws -> String? {
        let statement = try SQLStatement(db, "SELECT name FROM _entity WHERE name = ? COLLATE NOCASE")
        statement.bind(1, entity)
        defer { statement.reset() }
        while try statement.step() {
            let name = statement.text(0)
            if name != entity { return name }
        }
        return nil
    }

    /// The living records of an entity, by id.
    public func records(_ entity: String, _ body: (_ id: String, RecordState) throws -> Void) throws {
        let statement = try SQLStatement(
            db,
            """
            SELECT id, data, csn FROM _record
            WHERE entity = (SELECT code FROM _entity WHERE name = ?) AND lives = 1 ORDER BY id
            """)
        statement.bind(1, entity)
        defer { statement.reset() }
        while try statement.step() {
            try body(
                statement.text(0),
                RecordState(data: Array(statement.bytes(1)), lives: true, csn: statement.optional(2)))
        }
    }

    /// By entity, the operations without and with a receipt.
    public func counts() throws -> [(entity: String, pending: Int64, synced: Int64)] {
        let statement = try SQLStatement(db, "SELECT name, pending, synced FROM _entity ORDER BY name")
        defer { statement.reset() }
        var counts: [(entity: String, pending: Int64, synced: Int64)] = []
        while try statement.step() {
            counts.append((statement.text(0), statement.integer(1), statement.integer(2)))
        }
        return counts
    }

    /// What central has told, oldest first.
    public func notices() throws -> [NoticeLine] {
        let statement = try SQLStatement(
            db, "SELECT number, kind, at, entity, id, seq, text, state FROM _notice ORDER BY number")
        defer { statement.reset() }
        var notices: [NoticeLine] = []
        while try statement.step() {
            notices.append(
                NoticeLine(
                    number: statement.integer(0), kind: statement.text(1), at: statement.integer(2),
                    entity: statement.text(3), id: statement.text(4), seq: statement.optional(5),
                    text: statement.text(6), state: statement.optionalText(7).flatMap(NoticeLine.State.init)))
        }
        return notices
    }
}
