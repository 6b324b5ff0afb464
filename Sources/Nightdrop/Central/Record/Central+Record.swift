import NightdropFormats
import NightdropJournal
import NightdropMerge
import NightdropModel
import NightdropStore

extension Central {
    /// Records head office's own operations, several as one transaction; durable and merged on return.
    ///
    /// - Throws: `NightdropError` of kind `refused` for what breaks a rule of the policy; then nothing is written.
    public func record(_ drafts: [OperationDraft]) throws -> Recorded {
        for (index, draft) in drafts.enumerated() {
            guard draft.key == nil || index == 0 else {
                throw NightdropError(.usage, "in a transaction the key stands on the first operation")
            }
            if draft.key?.hasPrefix(DecisionKey.reserved) == true {
                throw NightdropError(.refused, "keys that begin with \(DecisionKey.reserved) are Nightdrop's own")
            }
            if let violation = validator.violations(of: draft, by: .central).first {
                throw NightdropError(.refused, "\(draft.entity) \(draft.id): \(violation.text)")
            }
            if policy.entity(draft.entity).scope == .store && draft.store == nil {
                throw NightdropError(
                    .refused, "\(draft.entity) \(draft.id) belongs to a store: say which with \"store\"")
            }
        }
        return try recordChecked(drafts) { _ in }
    }

    /// Records one operation; durable and merged on return.
    public func record(_ draft: OperationDraft) throws -> Recorded { try record([draft]) }

    /// Records several commits, one after the other, up to the first that is refused.
    public func record(commits: [[OperationDraft]]) throws -> RecordedCommits {
        var result = RecordedCommits()
        for drafts in commits {
            do { result.recorded.append(try record(drafts)) } catch let error as NightdropError {
                result.failure = error
                break
            }
        }
        return result
    }

    /// Records operations that are known to be allowed. Everything happens under the store's write lock: filling in what
    /// the caller left open, `check`, the journal, the merge. So nothing can come between.
    ///
    /// What is in the journal is recorded, whatever becomes of the store then: it catches up at the next occasion.
    func recordChecked(_ drafts: [OperationDraft], check: (any CentralWriter) throws -> Void) throws -> Recorded {
        var durable: ClosedRange<Int64>?
        do {
            return try store.write { writer in
                try catchUp(writer)
                try check(writer)
                if let key = drafts.first?.key, let known = try writer.setting("key:\(key)").flatMap(Central.numbers) {
                    return Recorded(first: known.lowerBound, last: known.upperBound, isRepeat: true)
                }
                let filled = try fill(drafts, writer)
                let written = try journal.commit { builder -> Written in
                    let numbers = try builder.append(filled)
                    return builder.withWritten { Written(numbers: numbers, text: Array($0), operations: Array($1)) }
                }
                durable = written.numbers
                try written.text.withUnsafeBytes { try merge(own: written.operations, $0, writer) }
                return Recorded(first: written.numbers.lowerBound, last: written.numbers.upperBound)
            }
        } catch {
            guard let durable else { throw error }
            throw NightdropError(
                .inputOutput,
                "recorded as \(durable.lowerBound) to \(durable.upperBound) in the journal; do not record it again. "
                    + "The store takes it in at the next start, for now it failed: \(NightdropError(error).message)")
        }
    }

    /// What a commit has written.
    private struct Written: Sendable {
        let numbers: ClosedRange<Int64>
        let text: [UInt8]
        let operations: [ScannedOperation]
    }

    /// The present state of a living record; nil if there is none.
    public func get(_ entity: String, _ id: String, store storeName: String? = nil) throws -> Record? {
        try store.read { reader in
            guard let row = try reader.record(entity: entity, store: storeName ?? "", id: id), row.lives else {
                return nil
            }
            return Record(row, base: try reader.cursor().csn)
        }
    }

    /// Hands on the living records of an entity, by store and id.
    public func records(_ entity: String, _ body: (Record) throws -> Void) throws {
        try store.read { reader in
            let base = try reader.cursor().csn
            try reader.records(entity: entity) { try body(Record($0, base: base)) }
        }
    }

    /// Merges what the own journal holds and the store does not: the rest of an interrupted `record`.
    func catchUp() throws {
        let merged = try store.read { try $0.journals().first { $0.journal == journalID }?.seq ?? 0 }
        if journal.lastSeq > merged { try store.write { try catchUp($0) } }
    }

    private func catchUp(_ writer: any CentralWriter) throws {
        let merged = try writer.journal(author, follows: nil).seq
        // A commit of nothing learns of what another process has appended, which may have ended before the store had it.
        let last = try journal.commit { $0.nextSeq } - 1
        guard last >= merged else {
            throw NightdropError(
                .inputOutput,
                "\(directory.store) holds \(merged) of head office's own operations, the journal beside it \(last): "
                    + "one of them was restored without the other")
        }
        guard last > merged else { return }
        try journal.reader.read(from: merged + 1) { buffer, operations in try merge(own: operations, buffer, writer) }
    }

    private var author: RunAuthor {
        RunAuthor(journal: journalID, node: settings.id, store: nil, isCentral: true)
    }

    private func merge(
        own operations: [ScannedOperation], _ buffer: UnsafeRawBufferPointer, _ writer: any CentralWriter
    ) throws {
        guard let last = operations.last else { return }
        let text = SegmentText(capacity: buffer.count)
        text.append(room: buffer.count) { room in
            room.copyMemory(from: buffer)
            return buffer.count
        }
        let batch = MergeBatch(policy: policy, validator: validator, expecting: operations.count)
        batch.begin(author, text: text, segment: 0)
        for operation in operations {
            batch.add(operation)
            guard operation.key.isPresent else { continue }
            let last = operation.seq + Int64(operation.transactionCount) - 1
            try writer.set("key:\(JSONString.unescaped(buffer[operation.key]))", "\(operation.seq)-\(last)")
        }
        var row = try writer.journal(author, follows: nil)
        let segment = try writer.segment(journal: row.code, number: 0)?.id ?? ownSegment(row.code, writer)
        _ = try writer.merge(
            batch, segments: [segment], codes: [row.code], now: Clock.now(), asking: HookDesk(self).answer)
        row.seq = last.seq
        row.hash = ContentHash.of(buffer[last.line])
        row.operations += Int64(operations.count)
        try writer.update(row)
        _ = try writer.endMergeTransaction(at: Clock.now())
    }

    /// The own journal is its own archive: one row stands for all of it.
    private func ownSegment(_ journal: Int32, _ writer: any CentralWriter) throws -> Int64 {
        try writer.add(
            SegmentRow(
                id: 0, journal: journal, number: 0, first: 1, last: 0, hash: .none, file: nil, offset: 0, length: 0,
                bundle: nil))
    }

    /// Fills in `base`, `was` and increments from the state under the lock, and from the drafts before.
    private func fill(_ drafts: [OperationDraft], _ writer: any CentralWriter) throws -> [OperationDraft] {
        let csn = try writer.cursor().csn
        var changed: [[String]: DraftedRecord] = [:]
        return try drafts.map { draft in
            let entity = policy.entity(draft.entity)
            let store = entity.scope == .store ? draft.store ?? "" : ""
            let name = [draft.entity, store, draft.id]
            let present =
                try changed[name]
                ?? writer.record(entity: draft.entity, store: store, id: draft.id).map(DraftedRecord.init)
            try check(draft, present)
            var filled = draft
            if entity.scope == .all { filled.store = nil }
            if filled.base == nil { filled.base = csn }
            if filled.was == nil { filled.was = Central.was(draft, present?.fields ?? [], entity) }
            filled = try CounterIncrements.applied(to: filled, entity: entity, present: present?.fields ?? [])
            changed[name] = (present ?? DraftedRecord()).after(filled)
            return filled
        }
    }

    /// A decision may be about any record; else one that lives is not made again, and one that does not is not changed.
    private func check(_ draft: OperationDraft, _ present: DraftedRecord?) throws {
        guard draft.key?.hasPrefix(DecisionKey.reserved) != true else { return }
        if draft.action == .create, present?.lives == true {
            throw NightdropError(.refused, "\(draft.entity) \(draft.id) exists already: update it instead")
        }
        if draft.action != .create, present?.lives != true {
            throw NightdropError(.refused, "there is no \(draft.entity) \(draft.id)")
        }
    }

    private static func was(_ draft: OperationDraft, _ present: [Field], _ entity: EntityPolicy) -> [Field] {
        let names = draft.action == .delete ? [entity.controlTotal].compactMap { $0 } : draft.set.map(\.name)
        return names.compactMap { name in present.first { $0.name == name } }
    }

    private static func numbers(_ text: String) -> ClosedRange<Int64>? {
        let parts = text.split(separator: "-").compactMap { Int64($0) }
        return parts.count == 2 && parts[0] <= parts[1] ? parts[0]...parts[1] : nil
    }
}

extension Record {
    init(_ row: RecordRow, base: Int64) {
        self.init(
            entity: row.entity, id: row.id, store: row.store.isEmpty ? nil : row.store, base: base, fields: row.fields)
    }
}
