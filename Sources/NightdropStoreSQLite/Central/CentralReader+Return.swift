import GRDB
import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

extension SQLiteReading {
    func entities() throws -> [String] {
        var names: [String] = []
        try rows("SELECT name FROM _entity ORDER BY name") { names.append($0.text(0)) }
        return names
    }

    func changes(_ selection: ReturnSelection, _ chunk: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64 {
        let store = selection.store
        let storeCode = try first("SELECT code FROM _store WHERE name = ?") {
            $0.bind(1, store.text)
        } _: {
            $0.integer(0)
        }
        var entities: [(code: Int64, policy: EntityPolicy)] = []
        try rows("SELECT code, name FROM _entity WHERE reach <> 'none' ORDER BY name") {
            guard selection.coverage.includes($0.text(1)) else { return }
            entities.append(($0.integer(0), selection.policy.entity($0.text(1))))
        }
        entities.sort { $0.policy.priority > $1.policy.priority }
        var lines = ReturnLines()
        for entity in entities {
            let perStore = entity.policy.scope == .store
            guard let reach = perStore ? storeCode : 0 else { continue }
            let start = selection.whole.contains(entity.policy.name) ? 0 : selection.start
            lines.begin(entity.policy.name, store: perStore ? store.text : nil, after: start)
            let hasBuried = try start > 0 && hasBuried(entity.code)
            try rows(
                "SELECT id, csn, lives, data, clocks FROM _record WHERE reach = ? AND entity = ? AND csn > ? ORDER BY csn"
            ) {
                $0.bind(1, reach)
                $0.bind(2, entity.code)
                $0.bind(3, start)
            } _: { row in
                let isAnew = try hasBuried && isBuried(entity.code, store: reach, id: row.bytes(0))
                lines.append(
                    id: row.bytes(0), csn: row.integer(1), lives: row.integer(2) != 0, data: row.bytes(3),
                    clocks: row.bytes(4), isAnew: isAnew)
                if lines.text.count >= Limits.memberTextBytes { try lines.flush(chunk) }
            }
        }
        try lines.flush(chunk)
        return lines.count
    }
}

/// Makes the lines of a return bundle from rows of the store.
struct ReturnLines {
    private(set) var text: [UInt8] = []
    private(set) var count: Int64 = 0
    private var start: Int64 = 0
    private var head: [UInt8] = []
    private var tail: [UInt8] = []

    /// The rows that follow are of this entity, and changes behind this CSN count.
    mutating func begin(_ entity: String, store: String?, after csn: Int64) {
        start = csn
        head = Array("{\"entity\":".utf8)
        JSONString.append(entity, to: &head)
        head.append(contentsOf: ",\"id\":".utf8)
        tail = []
        if let store {
            tail.append(contentsOf: ",\"store\":".utf8)
            JSONString.append(store, to: &tail)
        }
        tail.append(contentsOf: ",\"csn\":".utf8)
    }

    /// Appends the line of a record, if anything of it changed behind the start. One that was made anew after its tombstone
    /// had been removed (`isAnew`) has nothing of the fields that a terminal may still hold.
    mutating func append(id: Bytes, csn: Int64, lives: Bool, data: Bytes, clocks: Bytes, isAnew: Bool = false) {
        var others = 0
        let clock = ClockText.read(clocks) { _, _ in others += 1 }
        if start == 0 || (others == 0 && (clock?.csn ?? 0) > start) {
            // Tombstones too, also in a snapshot: fields that change in one later are told alone, and so is its revival.
            if isAnew { appendGone(id, csn) }
            return append(id, csn, lives, inside: Bytes(rebasing: data.dropFirst().dropLast()))
        }
        var record = MergeRecord(rid: 1, csn: csn, lives: lives, data: data, clocks: clocks, hasConflicts: false)
        record.expand()
        var fields: [UInt8] = []
        for field in record.fields where field.clock.csn > start {
            if !fields.isEmpty { fields.append(UInt8(ascii: ",")) }
            fields.append(UInt8(ascii: "\""))
            fields.append(contentsOf: field.name)
            fields.append(contentsOf: "\":".utf8)
            fields.append(contentsOf: field.value)
        }
        let lifeChanged = record.lifeClock.csn > start
        guard lifeChanged || !fields.isEmpty else { return }
        if isAnew, lifeChanged, record.fields.allSatisfy({ $0.clock.csn > start }) { appendGone(id, csn) }
        fields.withUnsafeBytes { append(id, csn, lifeChanged ? lives : nil, inside: $0) }
    }

    private mutating func appendGone(_ id: Bytes, _ csn: Int64) {
        text.append(contentsOf: head)
        JSONString.append(id, to: &text)
        text.append(contentsOf: tail)
        OperationWriter.appendInteger(csn, to: &text)
        text.append(contentsOf: ",\"gone\":true}\n".utf8)
        count += 1
    }

    mutating func flush(_ chunk: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard !text.isEmpty else { return }
        try text.withUnsafeBytes { try chunk($0) }
        text.removeAll(keepingCapacity: true)
    }

    /// As `ChangeLine.append`, but the parts that an entity's lines share are made once.
    private mutating func append(_ id: Bytes, _ csn: Int64, _ lives: Bool?, inside: Bytes) {
        text.append(contentsOf: head)
        JSONString.append(id, to: &text)
        text.append(contentsOf: tail)
        OperationWriter.appendInteger(csn, to: &text)
        if let lives { text.append(contentsOf: (lives ? ",\"lives\":true" : ",\"lives\":false").utf8) }
        if inside.count > 0 {
            text.append(contentsOf: ",\"set\":{".utf8)
            text.append(contentsOf: inside)
            text.append(UInt8(ascii: "}"))
        }
        text.append(contentsOf: "}\n".utf8)
        count += 1
    }
}
