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
    private let level = Atomic(0)
    private let turns = Atomic<Int64>(0)

    init(_ store: TerminalDatabase) { self.store = store }

    /// Whether the store lacks so much of what was recorded here that it should catch up now.
    var shouldCatchUp: Bool { level.load(ordering: .relaxed) >= 75 }
    /// Whether it lacks so much that it must catch up before more is recorded.
    var mustCatchUp: Bool { level.load(ordering: .relaxed) >= 100 }

    /// Grows whenever memory forgets something. As long as it does not, what the store said about a record that is not in
    /// memory still holds.
    var turn: Int64 { turns.load(ordering: .acquiring) }

    /// Somebody else has recorded: what is in memory no longer suffices.
    func markStale() { memory.withLock { $0.isStale = true } }

    /// Composes a commit. `catchUp` brings the store up to the given operation, which is durable, by reading the journal.
    func compose<Answer>(
        next: Int64, catchUp: (Int64) throws -> Void, _ body: (inout Composition) throws -> Answer
    ) throws -> Answer {
        try memory.withLock { memory in
            if memory.isStale || memory.next != next {
                // Others have recorded, or a commit that was composed here failed. All that comes before is durable.
                try catchUp(next - 1)
                turns.add(1, ordering: .releasing)
                memory.clear(next: next)
            }
            try renew(&memory)
            // Lent, not copied: memory may hold tens of thousands of records.
            var composition = Composition(store, turn: turn)
            swap(&composition.memory, &memory)
            defer { swap(&composition.memory, &memory) }
            do {
                let answer = try body(&composition)
                composition.settle()
                level.store(composition.memory.waiting.level, ordering: .relaxed)
                return answer
            } catch {
                composition.revert()
                throw error
            }
        }
    }

    /// A record, living or not, and the cursor's CSN of no later moment.
    func record(_ entity: String, _ id: String) throws -> (RecordState?, csn: Int64?) {
        let (known, csn) = try memory.withLock { memory in
            try renew(&memory)
            return (memory.waiting(RecordKey(entity, id)), memory.csn)
        }
        if let known { return (known, csn) }
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
    func forget(through seq: Int64) {
        memory.withLock { memory in
            turns.add(1, ordering: .releasing)
            memory.forget(through: seq)
            level.store(memory.waiting.level, ordering: .relaxed)
        }
    }

    /// If something of central was applied, memory is put on top of the new state.
    private func renew(_ memory: inout Memory) throws {
        let version = try store.version()
        guard version != memory.version else { return }
        let head = try store.lookUp { try $0.head() }
        if head.generation != memory.generation {
            turns.add(1, ordering: .releasing)
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
