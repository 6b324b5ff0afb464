import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Something that happened at head office.
public enum LogEntry: Sendable {
    /// An exchange, merge, refusal or decision.
    case event(EventRow)
    /// An operation that was merged.
    case change(LoggedOperation)
}

/// An operation as it stands in its journal, what it is about, and what it did.
public struct LoggedOperation: Sendable {
    /// Who did what, where and when; with the values before and after, if `isTold`.
    public let entry: HistoryEntry
    /// What it is about, as the operation says.
    public let entity: String
    /// The store that the record belongs to, where its entity is per store.
    public let store: String?
    /// The record's id at head office; where it has none, the one that the operation says.
    public let id: String
    /// Whether `entry` says what became of the operation. That takes merging all operations about its record again, so it is
    /// left to `Central.history` where there are many.
    public let isTold: Bool
}

extension Central {
    /// Hands on what happened, of that what the filter lets through: the last `limit` things, oldest first. Operations about
    /// records that had many are not told in full.
    public func log(_ filter: LogFilter, limit: Int = 100, _ body: (LogEntry) throws -> Void) throws {
        try store.read { reader in
            let places = try reader.log(filter, limit: limit)
            let told = try LogReplay(self, reader, places).entries
            let source = try OperationSource(self, reader)
            for place in places.reversed() {
                switch place {
                case .event(let id):
                    if let event = try reader.event(id: id) { try body(.event(event)) }
                case .change(let csn, let at):
                    guard let change = try reader.change(csn: csn) else { continue }
                    let found = try source.operation(of: change)
                    try body(.change(operation(change, at, found, told[csn], reader)))
                }
            }
        }
    }

    private func operation(
        _ change: LoggedChange, _ at: Int64, _ found: OperationSource.Found, _ told: HistoryEntry?,
        _ reader: any CentralReader
    ) throws -> LoggedOperation {
        let record = try change.rid.flatMap { try reader.record(rid: $0) }
        var entry: HistoryEntry
        if let told {
            entry = told
        } else {
            let bundle = try found.segment.bundle.flatMap { try reader.bundle(id: $0) }?.name
            entry = HistoryEntry(change, found, merged: at, bundle: bundle)
            let conflicts =
                try change.rid.map { try reader.conflicts(rid: $0) } ?? reader.conflictsWithoutRecord(csn: change.csn)
            entry.conflict = conflicts.first { $0.csn == change.csn }?.number
            // Where there is no record, there is nothing that could have changed.
            if change.rid == nil { entry.outcome = conflicts.isEmpty ? .converged : .held }
        }
        let entity = found.string(found.operation.entity) ?? ""
        entry.hideSensitive(policy.entity(entity))
        return LoggedOperation(
            entry: entry, entity: entity,
            store: (record?.store).flatMap { $0.isEmpty ? nil : $0 },
            id: record?.id ?? found.string(found.operation.id) ?? "", isTold: told != nil || change.rid == nil)
    }
}

/// Merges the records of logged changes again, as far as that costs little: all of them side by side in the order of the log,
/// so that each segment is read once.
private struct LogReplay {
    /// What became of each change.
    private(set) var entries: [Int64: HistoryEntry] = [:]

    /// The most operations about one record, and about all.
    private static let (mostOfRecord, mostOfAll) = (5_000, 50_000)

    private struct Trace {
        var replay: RecordReplay
        let conflicts: [ConflictRow]
        let rid: Int64
        var shown: [Int64] = []
    }

    init(_ central: Central, _ reader: any CentralReader, _ places: [LogPlace]) throws {
        let (traces, changes, wanted) = try LogReplay.plan(reader, places)
        try run(central, reader, traces, changes, wanted)
    }

    /// The records, latest first, until there is enough; with all operations about them in the order of the log.
    private static func plan(
        _ reader: any CentralReader, _ places: [LogPlace]
    ) throws -> (traces: [Trace], changes: [(change: LoggedChange, trace: Int)], wanted: Set<Int64>) {
        let authors = try reader.mergeAuthors()
        var traces: [Trace] = []
        var changes: [(change: LoggedChange, trace: Int)] = []
        var wanted: Set<Int64> = []
        var seen: Set<Int64> = []
        for place in places {
            guard case .change(let csn, _) = place else { continue }
            wanted.insert(csn)
            guard let rid = try reader.change(csn: csn)?.rid, seen.insert(rid).inserted,
                changes.count < mostOfAll, let chain = try reader.chain(rid: rid, atMost: mostOfRecord)
            else { continue }
            for change in chain { changes.append((change, traces.count)) }
            traces.append(
                Trace(replay: RecordReplay(authors: authors), conflicts: try reader.conflicts(rid: rid), rid: rid))
        }
        changes.sort { $0.change.csn < $1.change.csn }
        return (traces, changes, wanted)
    }

    private mutating func run(
        _ central: Central, _ reader: any CentralReader, _ records: [Trace],
        _ changes: [(change: LoggedChange, trace: Int)], _ wanted: Set<Int64>
    ) throws {
        var traces = records
        let source = try OperationSource(central, reader)
        let past = MergePast(central, reader)
        for (change, index) in changes {
            let found = try source.operation(of: change)
            let moment = try past.moment(of: change.csn)
            let before = traces[index].replay
            let met = traces[index].replay.apply(found, csn: change.csn, moment)
            guard wanted.contains(change.csn) else { continue }
            let bundle = try found.segment.bundle.flatMap { try reader.bundle(id: $0) }?.name
            var entry = HistoryEntry(change, found, merged: moment.at, bundle: bundle)
            entry.tell(
                from: before, to: traces[index].replay, met, traces[index].conflicts, journal: found.journal.code)
            entries[change.csn] = entry
            traces[index].shown.append(change.csn)
        }
        for trace in traces {
            guard let present = try reader.record(rid: trace.rid) else { continue }
            let doubtful = trace.replay.differences(from: present)
            if !doubtful.isEmpty { for csn in trace.shown { entries[csn]?.doubt(doubtful) } }
        }
    }
}
