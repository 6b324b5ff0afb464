import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropMerge
import NightdropModel
import NightdropStore

/// A change of a record: who did what, when and where, as it stands in the journal.
public struct HistoryEntry: Sendable {
    /// The change sequence number.
    public let csn: Int64
    /// The node that recorded it.
    public let node: String
    /// The journal, and the operation's number in it.
    public let journal: UniqueID
    /// The operation's number.
    public let seq: Int64
    /// When, in milliseconds since 1970.
    public let at: Int64
    /// The operator.
    public let by: String?
    /// What it did.
    public let action: Action
    /// The fields that it set.
    public let set: [Field]
    /// Their values before, as far as the till knew.
    public let was: [Field]
    /// The increments.
    public let add: [Field]
}

extension Central {
    /// The changes of a record, latest first, read from the archive; empty if there never was such a record.
    public func history(_ entity: String, _ id: String, store storeName: String? = nil) throws -> [HistoryEntry] {
        let (changes, journals) = try store.read { reader in
            let record = try reader.record(entity: entity, store: storeName ?? "", id: id)
            return (try record.map { try reader.changes(rid: $0.rid) } ?? [], try reader.journals())
        }
        let names = Dictionary(journals.map { ($0.code, $0) }) { first, _ in first }
        var decoder = SegmentDecoder()
        var decoded: [Int64: DecodedSegment] = [:]
        return try changes.compactMap { change in
            guard let journal = names[change.segment.journal] else { return nil }
            if change.segment.file == nil {
                let line = try self.journal.reader.line(seq: change.offset)
                return try line.withUnsafeBytes { try HistoryEntry(change.csn, journal, $0, 0..<$0.count) }
            }
            let segment = try decoded[change.segment.id] ?? open(change.segment, &decoder)
            decoded[change.segment.id] = segment
            guard let operation = segment.operations.first(where: { Int64($0.line.start) == change.offset }) else {
                throw NightdropError(.inputOutput, "the archive does not hold change \(change.csn)")
            }
            return try HistoryEntry(change.csn, journal, segment.text.buffer, operation.line.range)
        }
    }

    private func open(_ segment: SegmentRow, _ decoder: inout SegmentDecoder) throws -> DecodedSegment {
        let path = directory.path + "/" + (segment.file ?? "")
        let file = try fileSystem.open(path, .read)
        return try decoder.decode(file, segment.offset..<(segment.offset + segment.length))
    }

    /// The latest exchanges, merges, refusals and decisions, latest first.
    public func events(limit: Int = 100) throws -> [EventRow] { try store.read { try $0.events(limit: limit) } }

    /// All terminals, by id, with what their last bundles told.
    public func terminals() throws -> [TerminalRow] { try store.read { try $0.terminals() } }
}

extension HistoryEntry {
    fileprivate init(
        _ csn: Int64, _ journal: JournalRow, _ buffer: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(JSONError) {
        let operation = try OperationScanner.scan(buffer, range)
        self.csn = csn
        node = journal.node.text
        self.journal = journal.journal
        seq = operation.seq
        at = operation.time.milliseconds
        by = operation.by.isPresent ? JSONString.unescaped(buffer[operation.by]) : nil
        action = operation.action
        set = FieldCursor.fields(buffer, operation.set)
        was = FieldCursor.fields(buffer, operation.was)
        add = FieldCursor.fields(buffer, operation.add)
    }
}
