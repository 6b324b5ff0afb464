import NightdropFormats
import NightdropModel
import NightdropStoreSQLite
import Synchronization

/// What the terminal shows at this moment: the store, and in memory the operations that it does not contain yet.
///
/// Whoever records composes under the journal's lock, so one after the other; the store catches up behind.
final class PresentState: Sendable {
    private let store: TerminalDatabase
    private let memory = Mutex(Memory())

    init(_ store: TerminalDatabase) { self.store = store }

    /// How many operations the store does not contain yet, as far as they were recorded here.
    var waiting: Int { memory.withLock { $0.waiting } }

    /// Somebody else has recorded: what is in memory no longer suffices.
    func markStale() { memory.withLock { $0.isStale = true } }

    /// Composes a commit. `catchUp` brings the store up to the given operation, which is durable, by reading the journal.
    func compose<Answer>(
        next: Int64, drafts: Int, catchUp: (Int64) throws -> Void, _ body: (inout Composition) throws -> Answer
    ) throws -> Answer {
        try memory.withLock { memory in
            if memory.isStale || memory.next != next {
                // Others have recorded, or a commit that was composed here failed. All that comes before is durable.
                try catchUp(next - 1)
                memory.clear(next: next)
            }
            try renew(&memory)
            // Lent, not copied: memory may hold tens of thousands of records.
            var composition = Composition(store)
            swap(&composition.memory, &memory)
            defer { swap(&composition.memory, &memory) }
            let areMany = drafts > 2
            if areMany { try store.beginLookUps() }
            defer { if areMany { store.endLookUps() } }
            let answer = try body(&composition)
            composition.settle()
            return answer
        }
    }

    /// A record, living or not, and the cursor's CSN of no later moment.
    func record(_ entity: String, _ id: String) throws -> (RecordState?, csn: Int64?) {
        let (known, csn) = try memory.withLock { memory in
            try renew(&memory)
            return (memory.records[RecordKey(entity, id)], memory.csn)
        }
        if let known { return (known.state, csn) }
        return (try store.record(entity, id), csn)
    }

    /// Operations from a number on, in order and without gaps, if they are in memory.
    func operations(from seq: Int64, through last: Int64) -> [StagedCommit] {
        memory.withLock { memory in
            guard let start = memory.staged.firstIndex(where: { $0.last >= seq }), memory.staged[start].first <= seq
            else {
                return []
            }
            return Array(memory.staged[start...].prefix { $0.last <= last })
        }
    }

    /// Forgets what the store contains by now.
    func forget(through seq: Int64) { memory.withLock { $0.forget(through: seq) } }

    /// If something of central was applied, memory is put on top of the new state.
    private func renew(_ memory: inout Memory) throws {
        let version = try store.version()
        guard version != memory.version else { return }
        let head = try store.lookUp { try $0.head() }
        if head.generation != memory.generation {
            try store.lookUpAtOnce { reader in
                let head = try reader.head()
                memory.forget(through: try reader.position())
                var records: [RecordKey: Memory.Entry] = [:]
                for commit in memory.staged {
                    try commit.each { operation, lines in
                        let key = RecordKey(lines[operation.entity].text, JSONString.unescaped(lines[operation.id]))
                        let before = try records[key]?.state ?? reader.record(key.entity, key.id)
                        records[key] = Memory.Entry(
                            state: .after(
                                operation.action, on: before, lines, set: operation.set, add: operation.add),
                            seq: operation.seq)
                    }
                }
                memory.records = records
                memory.generation = head.generation
                memory.csn = head.csn
            }
        }
        memory.version = version
    }
}

/// What identifies a record at a terminal, which sees those of its own store only.
struct RecordKey: Hashable, Sendable {
    let entity: String
    let id: String

    init(_ entity: String, _ id: String) {
        self.entity = entity
        self.id = id
    }
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

/// The operations that the store does not contain yet, and what they make of their records.
struct Memory {
    struct Entry {
        let state: RecordState
        let seq: Int64
    }

    var isStale = true
    var next: Int64 = -1
    var version: Int64 = -1
    var generation: Int64 = -1
    var csn: Int64?
    var waiting = 0
    var records: [RecordKey: Entry] = [:]
    var keys: [String: ClosedRange<Int64>] = [:]
    /// How entities are written that were recorded here, by their names in lower case.
    var spellings: [String: String] = [:]
    var staged: [StagedCommit] = []

    mutating func clear(next: Int64) {
        staged.removeAll()
        records.removeAll()
        keys.removeAll()
        waiting = 0
        isStale = false
        self.next = next
    }

    mutating func take(_ commit: StagedCommit, _ changed: [RecordKey: RecordState], key: String?) {
        staged.append(commit)
        waiting += commit.operations.count
        next = commit.last + 1
        for (record, state) in changed {
            records[record] = Entry(state: state, seq: commit.last)
            if spellings[record.entity.lowercased()] == nil { spellings[record.entity.lowercased()] = record.entity }
        }
        if let key { keys[key] = commit.first...commit.last }
    }

    mutating func forget(through seq: Int64) {
        guard let first = staged.first, first.last <= seq else { return }
        let count = staged.firstIndex { $0.last > seq } ?? staged.count
        for commit in staged[..<count] { waiting -= commit.operations.count }
        staged.removeFirst(count)
        if staged.isEmpty {
            records.removeAll(keepingCapacity: true)
            keys.removeAll(keepingCapacity: true)
        } else {
            records = records.filter { $0.value.seq > seq }
            keys = keys.filter { $0.value.upperBound > seq }
        }
    }
}
