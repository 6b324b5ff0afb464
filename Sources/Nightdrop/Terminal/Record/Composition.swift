import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

/// A commit while it is composed: sees the present state, and its own changes on top.
struct Composition {
    var memory = Memory()
    private let store: TerminalDatabase
    private var changed: [RecordKey: RecordState] = [:]
    private var commit: StagedCommit?
    private var key: String?

    init(_ store: TerminalDatabase) { self.store = store }

    /// The cursor's CSN; nil before the first snapshot.
    var csn: Int64? { memory.csn }
    /// How often something of central was applied.
    var generation: Int64 { memory.generation }

    /// A record, living or not.
    func record(_ key: RecordKey) throws -> RecordState? {
        if let state = changed[key] ?? memory.records[key]?.state { return state }
        return try store.record(key.entity, key.id)
    }

    /// The numbers of an earlier commit with the same key.
    func numbers(ofKey key: String) throws -> ClosedRange<Int64>? {
        try memory.keys[key] ?? store.lookUp { try $0.key(key) }
    }

    /// How the entity is written here already, if that differs in case.
    func otherSpelling(of entity: String) throws -> String? {
        if let known = memory.spellings[entity.lowercased()] { return known == entity ? nil : known }
        return try store.lookUp { try $0.spelling(of: entity) }
    }

    /// Notes what a draft does to its record.
    mutating func change(_ draft: OperationDraft, from before: RecordState?) {
        var buffer: [UInt8] = []
        OperationWriter.append(draft.set, to: &buffer)
        let set = ByteRange(0, buffer.count)
        OperationWriter.append(draft.add, to: &buffer)
        let add = ByteRange(Int(set.end), buffer.count)
        changed[RecordKey(draft.entity, draft.id)] = buffer.withUnsafeBytes { buffer in
            .after(
                draft.action, on: before, buffer, set: draft.set.isEmpty ? .absent : set,
                add: draft.add.isEmpty ? .absent : add)
        }
    }

    /// Appends the filled drafts.
    mutating func append(_ drafts: [OperationDraft], to builder: inout CommitBuilder) throws -> ClosedRange<Int64> {
        let numbers = try builder.append(drafts)
        commit = builder.withWritten { text, written in
            // Other commits may stand before this one under the same sync.
            let operations = written.drop { $0.seq < numbers.lowerBound }
            guard let first = operations.first, let last = operations.last else { return nil }
            let start = Int(first.line.start)
            let lines = Array(text[start..<Int(last.line.end)])
            return StagedCommit(
                first: first.seq, last: last.seq, lines: lines, operations: operations.map { $0.moved(by: -start) })
        }
        key = drafts.first?.key
        return numbers
    }

    /// Makes it part of what is shown.
    mutating func settle() {
        if let commit { memory.take(commit, changed, key: key) }
    }
}
