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
        try recordAll([drafts]) { drafts, _ in try allowed(drafts) }[0].get()
    }

    /// Records one operation; durable and merged on return.
    public func record(_ draft: OperationDraft) throws -> Recorded { try record([draft]) }

    /// Records several commits, one after the other, up to the first that is refused. Many become durable together, with
    /// one transaction of the store.
    public func record(commits: [[OperationDraft]]) throws -> RecordedCommits {
        var result = RecordedCommits()
        for answer in try recordAll(commits, stopsAtFailure: true, { drafts, _ in try allowed(drafts) }) {
            switch answer {
            case .success(let recorded): result.recorded.append(recorded)
            case .failure(let error): result.failure = error
            }
        }
        return result
    }

    /// The operations, if a caller may record them.
    private func allowed(_ drafts: [OperationDraft]) throws(NightdropError) -> [OperationDraft] {
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
        return drafts
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
}

extension Record {
    init(_ row: RecordRow, base: Int64) {
        self.init(
            entity: row.entity, id: row.id, store: row.store.isEmpty ? nil : row.store, base: base, fields: row.fields)
    }
}
