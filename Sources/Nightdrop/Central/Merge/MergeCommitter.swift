import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Commits what a merge session has packed, one transaction each.
struct MergeCommitter {
    private let store: any CentralStore
    private let hooks: HookDesk
    private var bundles: [Int: Int64] = [:]
    /// The conflicts that each bundle led to.
    private(set) var conflicts: [Int: Int64] = [:]

    init(_ store: any CentralStore, _ hooks: HookDesk) {
        self.store = store
        self.hooks = hooks
    }

    /// Writes everything of a pending transaction, durable on return.
    mutating func commit(_ pending: PendingMerge) throws {
        var bundles = bundles
        let counts = try store.write { writer -> [Int64] in
            let now = Clock.now()
            var codes: [UniqueID: Int32] = [:]
            // In the order of their segments, so that the same merge makes the same store.
            for row in pending.segments.compactMap({ pending.journals[$0.journal] }) where codes[row.journal] == nil {
                let author = RunAuthor(journal: row.journal, node: row.node, store: row.store, isCentral: false)
                codes[row.journal] = try writer.journal(author, follows: row.follows).code
            }
            let segments = try pending.segments.map { segment in
                let code = codes[segment.journal] ?? 0
                if let id = try writer.segment(journal: code, number: segment.row.number)?.id { return id }
                return try MergeCommitter.add(segment, code, now, &bundles, writer)
            }
            let runCodes = pending.batch.runs.map { codes[$0.author.journal] ?? 0 }
            let counts =
                pending.batch.operations.isEmpty
                ? []
                : try writer.merge(
                    pending.batch, segments: segments, codes: runCodes, now: now, asking: hooks.answer
                ).conflicts
            try MergeCommitter.settle(pending, codes, now, writer)
            return counts
        }
        self.bundles = bundles
        for (run, count) in counts.enumerated() { conflicts[pending.sources[run].index, default: 0] += count }
    }

    private static func add(
        _ segment: PendingMerge.Segment, _ code: Int32, _ now: Int64, _ bundles: inout [Int: Int64],
        _ writer: any CentralWriter
    ) throws -> Int64 {
        let source = segment.source
        let bundle =
            try bundles[source.index]
            ?? writer.addBundle(name: source.name, from: source.author.node, journal: code, at: now)
        bundles[source.index] = bundle
        var row = segment.row
        row.journal = code
        row.bundle = bundle
        return try writer.add(row)
    }

    /// What comes with the operations: positions, archive, days, terminals, history, and the transaction's id.
    private static func settle(
        _ pending: PendingMerge, _ codes: [UniqueID: Int32], _ now: Int64, _ writer: any CentralWriter
    ) throws {
        for var row in pending.journals.values {
            row.code = codes[row.journal] ?? 0
            try writer.update(row)
        }
        for (file, length) in pending.archiveLengths { try writer.setArchiveLength(file, length) }
        for day in pending.days { try writer.add(day) }
        for terminal in pending.terminals.values { try writer.put(terminal) }
        for source in pending.finished {
            try writer.add(EventRow(time: now, kind: "merge", node: source.author.node.text, bundle: source.name))
        }
        _ = try writer.endMergeTransaction(at: now)
    }
}
