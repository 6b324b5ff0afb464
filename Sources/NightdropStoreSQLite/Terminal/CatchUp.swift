import GRDB
import NightdropFormats
import NightdropModel
import NightdropStore

extension TerminalDatabase {
    /// Takes in operations of the terminal's own journal, in one transaction. Returns the last one that the store
    /// contains then.
    ///
    /// - Parameters:
    ///   - journal: The journal that the terminal writes.
    ///   - source: Is given the number to begin with and hands on operations from there on without gaps; those that come
    ///     before are passed over.
    public func catchUp(
        journal: UniqueID, store: NodeID?, policy: Policy,
        _ source: (_ from: Int64, _ take: (UnsafeRawBufferPointer, ArraySlice<ScannedOperation>) throws -> Void) throws
            -> Void
    ) throws -> Int64 {
        try write { db in
            var writer = try OwnOperationWriter(db, journal: journal, store: store, policy: policy)
            let before = writer.seq
            try source(before + 1) { lines, operations in
                for operation in operations where operation.seq > writer.seq { try writer.apply(operation, in: lines) }
            }
            if writer.seq > before { try writer.finish() }
            return writer.seq
        }
    }
}

/// Puts the terminal's own operations on top of what it shows, within a transaction.
struct OwnOperationWriter {
    private(set) var seq: Int64
    private let db: Database
    private let journal: UniqueID
    private let journalCode: Int64
    private let store: NodeID?
    private let policy: Policy
    private let find: SQLStatement
    private let insert: SQLStatement
    private let update: SQLStatement
    private let insertPending: SQLStatement
    private let insertKey: SQLStatement
    private var entities: [Entity] = []
    /// The entity of the operation before, among them.
    private var latest = 0

    private struct Entity {
        let name: [UInt8]
        let code: Int64
        let store: String?
        var pending: Int64 = 0
    }

    init(_ db: Database, journal: UniqueID, store: NodeID?, policy: Policy) throws {
        self.db = db
        self.journal = journal
        self.store = store
        self.policy = policy
        let position = try SQLStatement(db, "SELECT journal, journal_code, seq FROM _terminal")
        defer { position.reset() }
        guard try position.step() else { throw StoreError(.damaged, "the store has lost its position") }
        if position.optionalText(0) == journal.text {
            journalCode = position.integer(1)
            seq = position.integer(2)
        } else {
            journalCode = position.integer(1) + 1
            seq = 0
        }
        find = try SQLStatement(db, "SELECT rid, data, lives, csn FROM _record WHERE entity = ? AND id = ?")
        insert = try SQLStatement(
            db,
            """
            INSERT INTO _record (entity, id, store, lives, pending, data) VALUES (?, ?, ?, ?, 1, ?)
            ON CONFLICT (entity, id) DO NOTHING
            """)
        update = try SQLStatement(
            db,
            """
            UPDATE _record SET data = ?, lives = ?, pending = pending + 1,
                confirmed = CASE pending WHEN 0 THEN data ELSE confirmed END,
                confirmed_lives = CASE pending WHEN 0 THEN lives ELSE confirmed_lives END
            WHERE rid = ?
            """)
        insertPending = try SQLStatement(db, "INSERT INTO _pending (journal, seq, rid, line) VALUES (?, ?, ?, ?)")
        insertKey = try SQLStatement(db, "INSERT OR IGNORE INTO _key (key, first, last) VALUES (?, ?, ?)")
    }

    mutating func apply(_ operation: ScannedOperation, in lines: UnsafeRawBufferPointer) throws {
        guard operation.seq == seq + 1 else {
            throw StoreError(.failed, "operation \(operation.seq) came behind operation \(seq)")
        }
        try findEntity(lines[operation.entity])
        // Most creates find nothing, so what they make is tried first.
        let isNew = operation.action == .create ? try insert(operation, lines) : nil
        let rid = try isNew ?? update(operation, lines) ?? insert(operation, lines)
        guard let rid else { throw StoreError(.failed, "operation \(operation.seq) found no place") }
        insertPending.bind(1, journalCode)
        insertPending.bind(2, operation.seq)
        insertPending.bind(3, rid)
        insertPending.bind(4, bytes: lines[operation.line])
        try insertPending.run()
        if operation.key.isPresent { try remember(JSONString.unescaped(lines[operation.key]), operation) }
        entities[latest].pending += 1
        seq = operation.seq
    }

    /// The row of a record that was not there; nil if it was.
    private func insert(_ operation: ScannedOperation, _ lines: UnsafeRawBufferPointer) throws -> Int64? {
        let after = RecordState.after(operation, on: nil, lines)
        return try after.data.withUnsafeBytes { data in
            insert.bind(1, entities[latest].code)
            insert.bind(2, escaped: lines[operation.id])
            insert.bind(3, entities[latest].store)
            insert.bind(4, after.lives)
            insert.bind(5, bytes: data)
            try insert.run()
            return insert.changes > 0 ? insert.lastRow : nil
        }
    }

    /// The row of a record that was there; nil if it was not.
    private func update(_ operation: ScannedOperation, _ lines: UnsafeRawBufferPointer) throws -> Int64? {
        find.bind(1, entities[latest].code)
        find.bind(2, escaped: lines[operation.id])
        defer { find.reset() }
        guard try find.step() else { return nil }
        let rid = find.integer(0)
        let before = RecordState(data: Array(find.bytes(1)), lives: find.integer(2) != 0, csn: find.optional(3))
        find.reset()
        let after = RecordState.after(operation, on: before, lines)
        try after.data.withUnsafeBytes { data in
            update.bind(1, bytes: data)
            update.bind(2, after.lives)
            update.bind(3, rid)
            try update.run()
        }
        return rid
    }

    func finish() throws {
        let count = try SQLStatement(db, "UPDATE _entity SET pending = pending + ? WHERE code = ?")
        for entity in entities {
            count.bind(1, entity.pending)
            count.bind(2, entity.code)
            try count.run()
        }
        let move = try SQLStatement(db, "UPDATE _terminal SET journal = ?, journal_code = ?, seq = ?")
        move.bind(1, journal.text)
        move.bind(2, journalCode)
        move.bind(3, seq)
        try move.run()
    }

    /// A key stands on the first operation of its commit, whose count tells the last.
    private func remember(_ key: String, _ operation: ScannedOperation) throws {
        insertKey.bind(1, key)
        insertKey.bind(2, operation.seq)
        insertKey.bind(3, operation.seq + Int64(operation.transactionCount) - 1)
        try insertKey.run()
    }

    private mutating func findEntity(_ name: UnsafeRawBufferPointer) throws {
        func isNamed(_ index: Int) -> Bool { entities[index].name.withUnsafeBytes { $0.equals(name) } }
        if entities.indices.contains(latest), isNamed(latest) { return }
        if let known = entities.indices.first(where: isNamed) {
            latest = known
            return
        }
        latest = entities.count
        entities.append(
            Entity(
                name: Array(name), code: try EntityCodes.code(of: name.text, in: db),
                store: policy.entity(name.text).scope == .store ? store?.text : nil))
    }
}

/// The codes of entities.
enum EntityCodes {
    /// The code of an entity, which is added if it is new.
    static func code(of name: String, in db: Database) throws -> Int64 {
        let find = try SQLStatement(db, "SELECT code FROM _entity WHERE name = ?")
        find.bind(1, name)
        defer { find.reset() }
        if try find.step() { return find.integer(0) }
        let insert = try SQLStatement(db, "INSERT INTO _entity (name) VALUES (?)")
        insert.bind(1, name)
        try insert.run()
        return db.lastInsertedRowID
    }
}
