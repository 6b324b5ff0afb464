import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Works out, record by record, what undoes operations. Reads only.
struct UndoPlan {
    private let central: Central
    private let target: UndoTarget
    private let by: String
    /// The operations of this very undo that are recorded already.
    private let own: [OwnNumbers]
    private let past: UndonePast

    /// What undoes the next records.
    struct Part {
        var drafts: [OperationDraft] = []
        /// Where in the target's changes the next part begins.
        var next = 0
        /// The last change of the store as it was read.
        var csn: Int64 = 0
    }

    init(_ central: Central, _ target: UndoTarget, by: String, own: [OwnNumbers], _ past: UndonePast) {
        self.central = central
        self.past = past
        self.target = target
        self.by = by
        self.own = own
    }

    /// The records from a place in the target's changes on, as many as fit into a transaction of a journal.
    func part(from start: Int, _ reader: any CentralReader, _ report: inout UndoReport) throws -> Part {
        var part = Part(next: start, csn: try reader.cursor().csn)
        var bytes = 0
        let authors = try reader.mergeAuthors()
        let source = try OperationSource(central, reader)
        while part.next < target.changes.count, part.drafts.count < UndoPlan.mostDrafts, bytes < UndoPlan.mostBytes {
            let group = try group(from: part.next, reader)
            for trace in try traces(group.records, group.chains, source, authors, reader) {
                let record = trace.record
                let drafts: [OperationDraft]
                if let present = try reader.record(rid: record.rid) {
                    drafts = trace.drafts(present, by, &report)
                } else {
                    let other = try reader.record(entity: record.entity, store: record.store, id: record.id)
                    drafts = trace.draftsOfBuried(isMadeAnew: other != nil, by, &report)
                }
                part.drafts += drafts
                bytes += drafts.reduce(0) { $0 + $1.approximateBytes }
            }
            part.next = group.end
        }
        return part
    }

    /// Half of what a transaction may have, because a group more is added at once.
    private static let mostDrafts = Limits.transactionOperations / 2
    private static let mostBytes = Limits.transactionBytes / 2
    private static let mostRecords = 500
    private static let mostChanges = 100_000

    private struct Group {
        var records: [(record: RecordTrace.Identity, targets: Set<Int64>)] = []
        var chains: [(change: LoggedChange, index: Int)] = []
        var end: Int
    }

    /// The next records, with all operations about them in the order of the log.
    private func group(from start: Int, _ reader: any CentralReader) throws -> Group {
        var group = Group(end: start)
        while group.end < target.changes.count, group.records.count < UndoPlan.mostRecords,
            group.chains.count < UndoPlan.mostChanges
        {
            let rid = target.changes[group.end].rid
            var targets: Set<Int64> = []
            while group.end < target.changes.count, target.changes[group.end].rid == rid {
                targets.insert(target.changes[group.end].csn)
                group.end += 1
            }
            guard let row = try reader.record(rid: rid) ?? reader.buried(rid: rid) else { continue }
            let record = RecordTrace.Identity(rid: rid, entity: row.entity, store: row.store, id: row.id)
            for change in try reader.chain(rid: rid) { group.chains.append((change, group.records.count)) }
            group.records.append((record, targets))
        }
        group.chains.sort { $0.change.csn < $1.change.csn }
        return group
    }

    private func traces(
        _ records: [(record: RecordTrace.Identity, targets: Set<Int64>)],
        _ chains: [(change: LoggedChange, index: Int)], _ source: OperationSource, _ authors: [Int32: MergeAuthor],
        _ reader: any CentralReader
    ) throws -> [RecordTrace] {
        var traces = records.map { RecordTrace($0.record, central.policy, authors) }
        let moments = MergePast(central, reader)
        for (change, index) in chains {
            let found = try source.operation(of: change)
            let isOwn = own.contains { $0.contains(found.operation.seq, of: found.journal.code) }
            if isOwn { traces[index].skip() }
            let origin: RecordTrace.Origin =
                records[index].targets.contains(change.csn)
                ? .target : past.holds(found) ? .void : .other
            traces[index].apply(found, change, try moments.moment(of: change.csn), origin)
        }
        return traces
    }
}

extension OperationDraft {
    /// About how long its line becomes.
    fileprivate var approximateBytes: Int {
        (set + add).reduce(300 + 2 * id.utf8.count) { $0 + 2 * ($1.name.utf8.count + $1.value.json.utf8.count) }
    }
}
