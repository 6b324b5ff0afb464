import NightdropFormats
import NightdropModel
import NightdropStore

/// Something that happened at head office.
public enum LogEntry: Sendable {
    /// An exchange, merge, refusal or decision.
    case event(EventRow)
    /// An operation that was merged.
    case change(LoggedOperation)
}

/// An operation as it stands in its journal, and what it is about.
public struct LoggedOperation: Sendable {
    /// Who did what, where and when.
    public let entry: HistoryEntry
    /// What it is about, as the operation says.
    public let entity: String
    /// The store that the record belongs to, where its entity is per store.
    public let store: String?
    /// The record's id at head office; where it has none, the one that the operation says.
    public let id: String
}

extension Central {
    /// Hands on what happened, of that what the filter lets through: the last `limit` things, oldest first.
    public func log(_ filter: LogFilter, limit: Int = 100, _ body: (LogEntry) throws -> Void) throws {
        try store.read { reader in
            let source = try OperationSource(self, reader)
            for place in try reader.log(filter, limit: limit).reversed() {
                switch place {
                case .event(let id):
                    if let event = try reader.event(id: id) { try body(.event(event)) }
                case .change(let csn, let at):
                    guard let change = try reader.change(csn: csn) else { continue }
                    try body(.change(operation(change, at, try source.operation(of: change), reader)))
                }
            }
        }
    }

    private func operation(
        _ change: LoggedChange, _ at: Int64, _ found: OperationSource.Found, _ reader: any CentralReader
    ) throws -> LoggedOperation {
        let record = try change.rid.flatMap { try reader.record(rid: $0) }
        let bundle = try found.segment.bundle.flatMap { try reader.bundle(id: $0) }?.name
        var entry = HistoryEntry(change, found, merged: at, bundle: bundle)
        let conflicts = try change.rid.map { try reader.conflicts(rid: $0) } ?? []
        entry.conflict = conflicts.first { $0.csn == change.csn }?.number
        return LoggedOperation(
            entry: entry, entity: found.string(found.operation.entity) ?? "",
            store: (record?.store).flatMap { $0.isEmpty ? nil : $0 },
            id: record?.id ?? found.string(found.operation.id) ?? "")
    }
}
