import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Writes what a merge session has packed.
struct MergeCommitter {
    private let hooks: HookDesk
    private let observer: (any MergeObserver)?
    private var bundles: [Int: Int64] = [:]
    /// The conflicts that each bundle led to.
    private(set) var conflicts: [Int: Int64] = [:]

    init(_ hooks: HookDesk, observer: (any MergeObserver)? = nil) {
        self.hooks = hooks
        self.observer = observer
    }

    /// Writes everything of a pending transaction, durable on return.
    mutating func commit(_ pending: PendingMerge, to store: any CentralStore) throws {
        var committer = self
        try store.write { try committer.write(pending, $0) }
        self = committer
    }

    /// Writes everything of a pending transaction.
    mutating func write(_ pending: PendingMerge, _ writer: any CentralWriter) throws {
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
        if !pending.batch.operations.isEmpty {
            let runCodes = pending.batch.runs.map { codes[$0.author.journal] ?? 0 }
            let counts = try writer.merge(
                pending.batch, segments: segments, codes: runCodes, now: now, observer: observer,
                asking: hooks.answer
            ).conflicts
            for (run, count) in counts.enumerated() { conflicts[pending.sources[run].index, default: 0] += count }
        }
        try MergeCommitter.settle(pending, codes, now, writer)
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
        for (node, seq) in pending.lastSpokenOf { try writer.setLastSpokenOf(node, seq) }
        for source in pending.finished {
            try writer.add(EventRow(time: now, kind: "merge", node: source.author.node.text, bundle: source.name))
            try writer.endLastRefused(source.author.node)
        }
        _ = try writer.endMergeTransaction(at: now, policy: Int64(pending.batch.policy.version))
    }
}
