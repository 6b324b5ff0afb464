import NightdropFormats
import NightdropMerge

/// Inserts the records that are new with a merge, many at a time.
struct NewRecords {
    /// So much text at most waits to be inserted.
    private static let mostText = 1 << 20

    private let insert: BulkInsert
    private let slots: ContiguousArray<RecordSlot>
    private let entities: [(code: Int64, isFact: Bool, isPerStore: Bool)]
    private let stores: [Int64]
    private var waiting: [(slot: Int, text: RecordText)] = []
    private var text: [UInt8] = []

    init(_ writer: SQLiteCentralWriter, _ loader: RecordLoader, _ batch: MergeBatch) throws {
        insert = try BulkInsert(
            writer.db,
            into: "_record (rid, entity, store, id, reach, csn, head, lives, conflicts, data, clocks)", columns: 11)
        slots = batch.index.slots
        entities = zip(loader.entityCodes, batch.entities).map { ($0, $1.isFact, $1.isPerStore) }
        stores = loader.storeCodes
        waiting.reserveCapacity(BulkInsert.rows)
    }

    /// Adds the record of a slot; it is inserted with others.
    mutating func add(_ slot: Int, _ records: UnsafeBufferPointer<MergeRecord>) throws {
        waiting.append((slot, records[slot].write(to: &text)))
        if waiting.count == BulkInsert.rows || text.count > NewRecords.mostText { try flush(records) }
    }

    /// Inserts what waits.
    mutating func flush(_ records: UnsafeBufferPointer<MergeRecord>) throws {
        try text.withUnsafeBytes { buffer in
            try insert.insert(waiting.count) { row, place in
                let (slot, written) = waiting[place]
                bindKey(row, slots[slot])
                row.bind(1, records[slot].rid)
                row.bind(6, records[slot].csn)
                row.bind(7, records[slot].head)
                row.bind(8, records[slot].lives)
                row.bind(9, records[slot].hasConflicts ? 1 : nil)
                row.bind(10, bytes: records[slot].data(written, in: buffer))
                row.bind(11, bytes: written.clocks(in: buffer))
            }
        }
        waiting.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
    }

    private func bindKey(_ row: BulkInsert.Row, _ key: RecordSlot) {
        let entity = entities[Int(key.entity)]
        let store = stores[Int(key.store)]
        row.bind(2, entity.code)
        row.bind(3, store)
        if key.isPlain { row.bind(4, bytes: key.id) } else { row.bind(4, JSONString.unescaped(key.id)) }
        row.bind(5, entity.isFact ? nil : entity.isPerStore ? store : 0)
    }
}

/// Where a record's fields and clocks stand in a text that was written for several.
struct RecordText {
    /// Empty where the fields are those that were loaded.
    fileprivate let data: Range<Int>
    private let clocks: Range<Int>

    fileprivate init(data: Range<Int>, clocks: Range<Int>) {
        self.data = data
        self.clocks = clocks
    }

    /// The clocks.
    func clocks(in text: Bytes) -> Bytes { Bytes(rebasing: text[clocks]) }
}

extension MergeRecord {
    /// Appends fields and clocks as the store keeps them.
    func write(to text: inout [UInt8]) -> RecordText {
        let start = text.count
        if isExpanded { appendData(to: &text) }
        let split = text.count
        appendClocks(to: &text)
        return RecordText(data: start..<split, clocks: split..<text.count)
    }

    /// The fields as the store keeps them.
    func data(_ written: RecordText, in text: Bytes) -> Bytes {
        let data = isExpanded ? Bytes(rebasing: text[written.data]) : data
        return data.isEmpty ? MergeRecord.emptyObject : data
    }

    private static var emptyObject: Bytes {
        let text: StaticString = "{}"
        return Bytes(start: text.utf8Start, count: 2)
    }
}
