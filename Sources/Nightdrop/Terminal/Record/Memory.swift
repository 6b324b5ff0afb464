import NightdropFormats
import NightdropModel
import NightdropStoreSQLite

/// What identifies a record at a terminal, which sees those of its own store only.
struct RecordKey: Hashable, Sendable {
    let entity: String
    let id: String

    init(_ entity: String, _ id: String) {
        self.entity = entity
        self.id = id
    }

    static func == (left: RecordKey, right: RecordKey) -> Bool { left.id == right.id && left.entity == right.entity }

    // Ids alone differ enough.
    func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// A commit that the store does not contain yet.
struct StagedCommit: Sendable {
    let first: Int64
    let last: Int64
    let lines: [UInt8]
    let operations: [ScannedOperation]

    func each(_ body: (ScannedOperation, UnsafeRawBufferPointer) throws -> Void) rethrows {
        try lines.withUnsafeBytes { lines in
            for operation in operations { try body(operation, lines) }
        }
    }
}

/// The operations that the store does not contain yet, what they make of their records, and some of the records that it
/// does contain.
struct Memory {
    struct Entry {
        let state: RecordState
        /// The last operation on the record.
        let seq: Int64
    }

    /// So many records may stay known that the store contains.
    private static let contained = 8192

    var isStale = true
    var next: Int64 = -1
    var version: Int64 = -1
    var generation: Int64 = -1
    var csn: Int64?
    var waiting = Waiting()
    /// Those that the store contains may only be relied on by whoever holds the journal's lock, and so knows what other
    /// processes have recorded.
    var records: [RecordKey: Entry] = [:]
    var keys: [String: ClosedRange<Int64>] = [:]
    /// The entities of which something was recorded here.
    private(set) var entities: [String] = []
    private(set) var staged: [StagedCommit] = []
    /// The last operation that was forgotten.
    private var forgotten: Int64 = 0

    /// A record on which the store lacks something.
    func waiting(_ key: RecordKey) -> RecordState? { records[key].flatMap { $0.seq > forgotten ? $0.state : nil } }

    mutating func clear(next: Int64) {
        staged.removeAll()
        records.removeAll()
        keys.removeAll()
        waiting = Waiting()
        isStale = false
        forgotten = next - 1
        self.next = next
    }

    mutating func take(_ commit: StagedCommit, key: String?) {
        staged.append(commit)
        waiting.add(commit)
        next = commit.last + 1
        if let key { keys[key] = commit.first...commit.last }
    }

    mutating func note(_ entity: String) {
        if !entities.contains(entity) { entities.append(entity) }
    }

    mutating func forget(through seq: Int64) {
        guard let first = staged.first, first.last <= seq else { return }
        let count = staged.firstIndex { $0.last > seq } ?? staged.count
        for commit in staged[..<count] { waiting.remove(commit) }
        staged.removeFirst(count)
        forgotten = seq
        keys = staged.isEmpty ? [:] : keys.filter { $0.value.upperBound > seq }
        // They stay right until something of central is applied or another process records.
        if records.count - waiting.operations > Memory.contained { records = records.filter { $0.value.seq > seq } }
    }
}

/// How much the store does not contain yet, as far as it was recorded here.
struct Waiting {
    private static let mostOperations = 32 << 10
    private static let mostBytes = 32 << 20

    private(set) var operations = 0
    private var bytes = 0

    /// In percent of what may wait.
    var level: Int { max(100 * operations / Waiting.mostOperations, 100 * bytes / Waiting.mostBytes) }

    mutating func add(_ commit: StagedCommit) {
        operations += commit.operations.count
        bytes += commit.lines.count
    }

    mutating func remove(_ commit: StagedCommit) {
        operations -= commit.operations.count
        bytes -= commit.lines.count
    }
}
