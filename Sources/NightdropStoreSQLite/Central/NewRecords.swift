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
    private var waiting: [(slot: Int, record: UnsafePointer<MergeRecord>, text: RecordText)] = []
    private var text: [UInt8] = []

    init(_ writer: SQLiteCentralWriter, _ loader: RecordLoader, _ batch: MergeBatch) throws {
        insert = try BulkInsert(
            writer.db,
            into: "_record", key: "rid",
            ["entity", "store", "id", "reach", "csn", "head", "lives", "conflicts", "data", "clocks"])
        slots = batch.index.slots
        entities = zip(loader.entityCodes, batch.entities).map { ($0, $1.isFact, $1.isPerStore) }
        stores = loader.storeCodes
        waiting.reserveCapacity(BulkInsert.rows)
    }

    /// Adds the record of a slot, which must stay where it is until `flush`; it is inserted with others.
    mutating func add(_ slot: Int, _ record: UnsafePointer<MergeRecord>) throws {
        waiting.append((slot, record, record.write(to: &text)))
        if waiting.count == BulkInsert.rows || text.count > NewRecords.mostText { try flush() }
    }

    /// Inserts what waits.
    mutating func flush() throws {
        guard let first = waiting.first else { return }
        try text.withUnsafeBytes { buffer in
            try insert.insert(waiting.count, from: first.record.pointee.rid) { row, place in
                let (slot, record, written) = waiting[place]
                bindKey(row, slots[slot])
                row.bind(5, record.pointee.csn)
                row.bind(6, record.pointee.head)
                row.bind(7, record.pointee.lives)
                row.bind(8, record.pointee.hasConflicts ? 1 : nil)
                row.bind(9, bytes: record.data(written, in: buffer))
                row.bind(10, bytes: written.clocks(in: buffer))
            }
        }
        waiting.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
    }

    private func bindKey(_ row: BulkInsert.Row, _ key: RecordSlot) {
        let entity = entities[Int(key.entity)]
        let store = stores[Int(key.store)]
        row.bind(1, entity.code)
        row.bind(2, store)
        if key.isPlain { row.bind(3, bytes: key.id) } else { row.bind(3, JSONString.unescaped(key.id)) }
        row.bind(4, entity.isFact ? nil : entity.isPerStore ? store : 0)
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

/// Through pointers, because a record is large, and to look at its parts must not mean to copy it.
extension UnsafePointer<MergeRecord> {
    /// Appends fields and clocks as the store keeps them.
    func write(to text: inout [UInt8]) -> RecordText {
        let start = text.count
        guard pointee.isExpanded else {
            ClockText.append(pointee.clock, life: pointee.lifeClock, fields: [], to: &text)
            return RecordText(data: start..<start, clocks: start..<text.count)
        }
        let fields = pointee.fields
        MergeRecord.append(fields, to: &text)
        let split = text.count
        ClockText.append(pointee.clock, life: pointee.lifeClock, fields: fields, to: &text)
        return RecordText(data: start..<split, clocks: split..<text.count)
    }

    /// The fields as the store keeps them.
    func data(_ written: RecordText, in text: Bytes) -> Bytes {
        let data = pointee.isExpanded ? Bytes(rebasing: text[written.data]) : pointee.data
        return data.isEmpty ? UnsafePointer.emptyObject : data
    }

    private static var emptyObject: Bytes {
        let text: StaticString = "{}"
        return Bytes(start: text.utf8Start, count: 2)
    }
}
