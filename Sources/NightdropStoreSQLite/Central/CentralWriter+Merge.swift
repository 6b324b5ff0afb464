import GRDB
import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

extension SQLiteCentralWriter {
    func merge(
        _ batch: MergeBatch, segments: [Int64], codes: [Int32], now: Int64, observer: (any MergeObserver)?,
        asking ask: (HookQuestion) -> HookAnswer
    ) throws -> (conflicts: [Int64], csn: Int64) {
        let first = try lastCSN() + 1
        let authors = try mergeAuthors()
        let context = MergeContext(
            firstCSN: first, now: now, authors: authors, runCodes: codes,
            aliases: try aliases(of: codes, authors, batch))
        let loader = try RecordLoader(self, batch)
        var records = try loader.load()
        let spareSlots = try DuplicateSlots.prepare(batch, context, &records) { try loader.load($0) }
        let stored = try storedConflicts(records)
        var merger = BatchMerger(
            batch: batch, records: records, context: context, stored: stored, spareSlots: spareSlots)
        records = []
        observer?.willMerge(merger)
        merger.merge(asking: ask)
        observer?.didMerge(merger)
        try RecordWriter(self, loader).write(&merger, context: context, segments: segments)
        try write(merger.answers, context)
        let conflicts = try ConflictWriter(self, merger, context).write()
        batch.keep(merger.records)
        return (conflicts, context.firstCSN + Int64(batch.operations.count) - 1)
    }

    /// What programs said is kept: asked again, they may say something else.
    private func write(
        _ answers: [(operation: Int, question: HookQuestion, answer: HookAnswer)], _ context: MergeContext
    ) throws {
        guard !answers.isEmpty else { return }
        let insert = try SQLStatement(db, "INSERT OR REPLACE INTO _answer VALUES (?, ?, ?, ?)")
        for (operation, question, answer) in answers {
            insert.bind(1, context.firstCSN + Int64(operation))
            insert.bind(2, question.field ?? "")
            switch answer {
            case .value(let value):
                insert.bind(3, value.json)
                insert.bind(4, nil as String?)
            case .failed(let reason):
                insert.bind(3, nil as String?)
                insert.bind(4, reason)
            }
            try insert.run()
        }
    }

    /// What the journals of a batch, and those that they follow, call those of its records that bear another id here.
    private func aliases(
        of codes: [Int32], _ authors: [Int32: MergeAuthor], _ batch: MergeBatch
    ) throws -> [RecordAlias] {
        var journals = Set(codes)
        for code in codes { authors[code]?.past.forEach { journals.insert($0.code) } }
        var aliases: [RecordAlias] = []
        lazy var ids = Set(batch.index.slots.map { Array($0.id) })
        for code in journals.sorted() {
            try rows("SELECT entity, store, id, target, csn FROM _alias WHERE journal = ? ORDER BY csn") {
                $0.bind(1, Int64(code))
            } _: {
                guard ids.contains(Array($0.bytes(2))) else { return }
                aliases.append(
                    RecordAlias(
                        journal: code, entity: $0.text(0), store: $0.text(1), id: Array($0.bytes(2)),
                        target: Array($0.bytes(3)), csn: $0.integer(4)))
            }
        }
        return aliases
    }

    private func storedConflicts(_ records: ContiguousArray<MergeRecord>) throws -> [Int32: [StoredConflict]] {
        var stored: [Int32: [StoredConflict]] = [:]
        for slot in records.indices where records[slot].hasConflicts {
            try rows(
                """
                SELECT number, kind, field, journal, state, csn FROM _conflict
                WHERE rid = ? AND (state <> 'decided' OR decided_by IS NOT NULL) ORDER BY number
                """
            ) {
                $0.bind(1, records[slot].rid)
            } _: { row in
                guard let kind = ConflictKind(rawValue: row.text(1)), let state = ConflictState(rawValue: row.text(4))
                else { return }
                let field = row.optionalText(2).map { Array(JSONString.quoted($0).utf8.dropFirst().dropLast()) } ?? []
                stored[Int32(slot), default: []].append(
                    StoredConflict(
                        number: row.integer(0), kind: kind, field: field, journal: Int32(row.integer(3)), state: state,
                        csn: row.integer(5)))
            }
        }
        return stored
    }
}

/// Loads the records of a batch, in the order of the index.
///
/// A look into the index tells the next id that there is; so of new ids that lie side by side only the first is looked up.
final class RecordLoader {
    let entityCodes: [Int64]
    let storeCodes: [Int64]
    private let batch: MergeBatch
    private let select: SQLStatement
    private var gap: Gap?

    /// Ids of an entity and a store between which there is no record: from one on, up to and without another.
    private struct Gap {
        let start: RecordSlot
        let end: [UInt8]?

        func holds(_ slot: RecordSlot) -> Bool {
            guard slot.entity == start.entity, slot.store == start.store, !slot.id.precedes(start.id) else {
                return false
            }
            return end?.withUnsafeBytes { slot.id.precedes($0) } ?? true
        }
    }

    init(_ writer: SQLiteCentralWriter, _ batch: MergeBatch) throws {
        self.batch = batch
        batch.arrange()
        entityCodes = try batch.entities.map { try writer.entityCode($0.policy) }
        storeCodes = try batch.stores.map { try writer.storeCode($0) }
        select = try SQLStatement(
            writer.db,
            """
            SELECT rid, csn, head, lives, data, clocks, conflicts, id FROM _record
            WHERE entity = ? AND store = ? AND id >= ? ORDER BY id LIMIT 1
            """)
    }

    /// All slots' records.
    func load() throws -> ContiguousArray<MergeRecord> {
        var records = batch.memoryForRecords()
        let slots = batch.index.slots
        // With some to spare: the batch that comes next in this memory is about as large, be it a little larger.
        if records.capacity < slots.count { records.reserveCapacity(slots.count + slots.count / 4) }
        for slot in slots { records.append(try load(slot)) }
        return records
    }

    /// The record of a slot.
    func load(_ slot: RecordSlot) throws -> MergeRecord {
        // Ids with escapes are ordered otherwise as they are written than as the store has them.
        let isPlain = slot.isPlain
        if isPlain, let gap, gap.holds(slot) { return MergeRecord() }
        select.bind(1, entityCodes[Int(slot.entity)])
        select.bind(2, storeCodes[Int(slot.store)])
        select.bind(3, id: slot)
        defer { select.reset() }
        let next = try select.step() ? select.bytes(7) : nil
        guard let next, isPlain ? next.equals(slot.id) : next.elementsEqual(JSONString.unescaped(slot.id).utf8) else {
            if isPlain { gap = Gap(start: slot, end: next.map(Array.init)) }
            return MergeRecord()
        }
        var record = MergeRecord(
            rid: select.integer(0), csn: select.integer(1), lives: select.integer(3) != 0,
            data: batch.arena.copy(select.bytes(4)), clocks: batch.arena.copy(select.bytes(5)),
            hasConflicts: select.integer(6) != 0)
        record.head = select.integer(2)
        return record
    }
}

extension SQLStatement {
    /// Binds an id as written in operations. The bytes must stay where they are until the statement has run.
    func bind(_ index: Int32, id slot: RecordSlot) {
        if slot.isPlain {
            bind(index, bytes: slot.id)
        } else {
            bind(index, JSONString.unescaped(slot.id))
        }
    }
}

/// Writes the records and changes that a merge left.
struct RecordWriter {
    private let writer: SQLiteCentralWriter
    private let loader: RecordLoader

    init(_ writer: SQLiteCentralWriter, _ loader: RecordLoader) {
        self.writer = writer
        self.loader = loader
    }

    func write(_ merger: inout BatchMerger, context: MergeContext, segments: [Int64]) throws {
        let rids = try number(&merger)
        try writeChanges(merger, rids, context, segments)
        try writeRecords(merger)
        try writeAliases(merger.aliases)
    }

    /// New records get their numbers in the order of the index, so that table and index grow alike.
    ///
    /// Returns the numbers of all, side by side.
    private func number(_ merger: inout BatchMerger) throws -> ContiguousArray<Int64> {
        var next = try writer.first("SELECT coalesce(max(rid), 0) FROM _record") { $0.integer(0) } ?? 0
        var rids = ContiguousArray<Int64>()
        rids.reserveCapacity(merger.records.count)
        for slot in merger.records.indices {
            if merger.records[slot].rid == 0 && merger.records[slot].exists {
                next += 1
                merger.number(slot, next)
            }
            rids.append(merger.records[slot].rid)
        }
        return rids
    }

    private func writeChanges(
        _ merger: BatchMerger, _ rids: ContiguousArray<Int64>, _ context: MergeContext, _ segments: [Int64]
    ) throws {
        let insert = try BulkInsert(
            writer.db, into: "_change", key: "csn", ["rid", "previous", "segment", "offset"])
        let (operations, targets, previous) = (merger.batch.operations, merger.targets, merger.previous)
        for run in merger.batch.runs {
            let isCentral = run.author.isCentral
            let first = run.operations.lowerBound
            try insert.insert(run.operations.count, from: context.firstCSN + Int64(first)) { row, place in
                let index = first + place
                row.bind(1, previous[index] >= 0 ? rids[Int(targets[index])] : nil)
                row.bind(2, previous[index] > 0 ? previous[index] : nil)
                row.bind(3, segments[run.segment])
                // Head office's own journal is its own archive, in which an operation is found by its number.
                row.bind(4, isCentral ? operations[index].seq : Int64(operations[index].line.start))
            }
        }
    }

    private func writeRecords(_ merger: BatchMerger) throws {
        let update = try SQLStatement(
            writer.db,
            "UPDATE _record SET data = ?, clocks = ?, csn = ?, head = ?, lives = ?, conflicts = ? WHERE rid = ?")
        let onlyHead = try SQLStatement(writer.db, "UPDATE _record SET head = ?, conflicts = ? WHERE rid = ?")
        var new = try NewRecords(writer, loader, merger.batch)
        var text: [UInt8] = []
        // Looked at where they stand: records are large, and there are many.
        try merger.records.withUnsafeBufferPointer { records in
            guard let first = records.baseAddress else { return }
            for slot in records.indices {
                let record = first + slot
                guard record.pointee.exists else { continue }
                if record.pointee.isChanged {
                    if record.pointee.isNew {
                        try new.add(slot, record)
                    } else {
                        try write(record, update, &text)
                    }
                } else if record.pointee.head > 0 {
                    onlyHead.bind(1, record.pointee.head)
                    onlyHead.bind(2, record.pointee.hasConflicts ? 1 : nil)
                    onlyHead.bind(3, record.pointee.rid)
                    try onlyHead.run()
                }
            }
            try new.flush()
        }
    }

    private func write(
        _ record: UnsafePointer<MergeRecord>, _ statement: SQLStatement, _ text: inout [UInt8]
    ) throws {
        text.removeAll(keepingCapacity: true)
        let written = record.write(to: &text)
        try text.withUnsafeBytes { buffer in
            statement.bind(1, bytes: record.data(written, in: buffer))
            statement.bind(2, bytes: written.clocks(in: buffer))
            statement.bind(3, record.pointee.csn)
            statement.bind(4, record.pointee.head)
            statement.bind(5, record.pointee.lives)
            statement.bind(6, record.pointee.hasConflicts ? 1 : nil)
            statement.bind(7, record.pointee.rid)
            try statement.run()
        }
    }

    private func writeAliases(_ aliases: [RecordAlias]) throws {
        let insert = try SQLStatement(writer.db, "INSERT INTO _alias VALUES (?, ?, ?, ?, ?, ?)")
        for alias in aliases {
            insert.bind(1, Int64(alias.journal))
            insert.bind(2, alias.entity)
            insert.bind(3, alias.store)
            insert.bind(4, String(decoding: alias.id, as: UTF8.self))
            insert.bind(5, String(decoding: alias.target, as: UTF8.self))
            insert.bind(6, alias.csn)
            try insert.run()
        }
    }
}
