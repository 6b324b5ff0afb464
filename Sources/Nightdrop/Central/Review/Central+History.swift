import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// What became of a record, change by change.
public struct RecordHistory: Sendable {
    /// The changes, latest first.
    public internal(set) var entries: [HistoryEntry] = []
    /// How many earlier ones there are that were not asked for.
    public internal(set) var earlier = 0
    /// The fields of which merging again makes something else than head office has, because they were decided before its
    /// store kept under which policy, and what programs said: what they were in between cannot be told.
    public internal(set) var undecidable: [String] = []
    /// The same for whether the record lives.
    public internal(set) var isLifeUndecidable = false
}

/// A record as head office had it once.
public struct PastRecord: Sendable {
    /// The change up to which it is told.
    public let csn: Int64
    /// Whether it lived.
    public let lives: Bool
    /// Its fields.
    public let fields: [Field]
    /// The fields that cannot be told, as in `RecordHistory`.
    public let undecidable: [String]
}

extension Central {
    /// The changes of a record, read from the archive and merged again one by one; empty if there never was such a record.
    ///
    /// - Parameter limit: How many of the latest to tell.
    public func history(
        _ entity: String, _ id: String, store storeName: String? = nil, limit: Int = 1000
    ) throws -> RecordHistory {
        try store.read { reader in
            let chains = try reader.chains(entity: entity, store: storeName ?? "", id: id)
            let total = chains.reduce(0) { $0 + $1.count }
            let present = try reader.record(entity: entity, store: storeName ?? "", id: id)
            let source = try OperationSource(self, reader)
            let authors = try reader.mergeAuthors()
            let past = MergePast(self, reader)
            var history = RecordHistory()
            history.earlier = max(0, total - limit)
            var skipped = 0
            for changes in chains {
                guard let rid = changes.first?.rid else { continue }
                let conflicts = try reader.conflicts(rid: rid)
                var replay = RecordReplay(authors: authors)
                for change in changes {
                    let before = replay
                    let found = try source.operation(of: change)
                    let moment = try past.moment(of: change.csn)
                    let met = replay.apply(found, csn: change.csn, moment)
                    skipped += 1
                    guard skipped > history.earlier else { continue }
                    let bundle = try found.segment.bundle.flatMap { try reader.bundle(id: $0) }?.name
                    var entry = HistoryEntry(change, found, merged: moment.at, bundle: bundle)
                    entry.tell(from: before, to: replay, met, conflicts, journal: found.journal.code)
                    history.entries.append(entry)
                }
                if let present, present.rid == rid { history.doubt(replay.differences(from: present)) }
            }
            history.entries.reverse()
            return history
        }
    }

    /// A record as it was up to a change; nil if there was none then.
    public func record(_ entity: String, _ id: String, store storeName: String? = nil, at csn: Int64) throws
        -> PastRecord?
    {
        try store.read { reader in
            let chains = try reader.chains(entity: entity, store: storeName ?? "", id: id)
            guard let changes = chains.last(where: { ($0.first?.csn ?? .max) <= csn }) else { return nil }
            let present = try reader.record(entity: entity, store: storeName ?? "", id: id)
            let source = try OperationSource(self, reader)
            let moments = MergePast(self, reader)
            var replay = RecordReplay(authors: try reader.mergeAuthors())
            var past: RecordReplay?
            for change in changes {
                if change.csn > csn && past == nil { past = replay }
                _ = replay.apply(
                    try source.operation(of: change), csn: change.csn, try moments.moment(of: change.csn))
            }
            let then = past ?? replay
            guard then.exists else { return nil }
            guard let present, present.rid == changes.first?.rid else {
                return PastRecord(csn: csn, lives: then.lives, fields: then.values, undecidable: [])
            }
            if past == nil {
                return PastRecord(csn: csn, lives: present.lives, fields: present.fields, undecidable: [])
            }
            let doubtful = replay.differences(from: present)
            guard !doubtful.contains(nil) else {
                throw NightdropError(
                    .refused,
                    "whether \(entity) \(id) lived then cannot be told: what decided about it was not kept")
            }
            return PastRecord(
                csn: csn, lives: then.lives, fields: then.values.filter { !doubtful.contains($0.name) },
                undecidable: doubtful.compactMap(\.self))
        }
    }

    /// The last change that head office had merged by a time, in milliseconds since 1970.
    public func lastChange(at time: Int64) throws -> Int64 { try store.read { try $0.lastChange(at: time) } }

    /// The latest exchanges, merges, refusals and decisions, latest first.
    public func events(limit: Int = 100) throws -> [EventRow] { try store.read { try $0.events(limit: limit) } }

    /// All terminals, by id, with what their last bundles told; as `pending` what they have still to send.
    public func terminals() throws -> [TerminalRow] { try store.read { try $0.terminalsAsShown() } }
}

extension RecordHistory {
    /// Leaves out what would be told wrongly.
    fileprivate mutating func doubt(_ differences: [String?]) {
        guard !differences.isEmpty else { return }
        undecidable = differences.compactMap(\.self)
        isLifeUndecidable = differences.contains(nil)
        for index in entries.indices { entries[index].doubt(differences) }
    }
}
