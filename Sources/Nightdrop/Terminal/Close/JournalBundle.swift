import NightdropBundle
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

/// Manifests and contents of the bundles that carry a journal.
struct JournalBundle {
    /// What manifest, signature and the archive's own blocks take besides the segments, per bundle and per segment.
    private static let overheadBytes: (bundle: Int64, segment: Int64) = (64 << 10, 4 << 10)

    let settings: NodeSettings
    let central: NodeID
    let organisation: String
    let identity: JournalIdentity
    let state: TerminalState
    /// The last sealed operation.
    let lastSeq: Int64
    /// What head office gets back besides, in the first part.
    var echoes: [BundleContent] = []

    /// One bundle, or its parts if a limit asks for it: whole segments, so that each part is a bundle like any other.
    /// Without segments it only tells of this terminal.
    func bundles(of segments: [ReadSegment], limit: Int64) throws -> [(Manifest, [BundleContent])] {
        let sizes = segments.map { $0.info.size + JournalBundle.overheadBytes.segment }
        let base =
            JournalBundle.overheadBytes.bundle
            + echoes.reduce(0) { $0 + $1.size + JournalBundle.overheadBytes.segment }
        guard let groups = PartPlan.groups(of: sizes, base: base, limit: limit) else {
            throw NightdropError(
                .usage,
                "a segment of the journal is never divided; allow files of at least \(base + (sizes.max() ?? 0)) bytes")
        }
        return groups.enumerated().map { index, group in
            let segments = Array(segments[group])
            var manifest = manifest(of: segments)
            (manifest.part, manifest.parts) = (index + 1, groups.count)
            let contents = zip(segments, manifest.segments).map { segment, entry in
                BundleContent(entry.path, file: segment.info.path, length: segment.info.size)
            }
            return (manifest, contents + (index == 0 ? echoes : []))
        }
    }

    private func manifest(of segments: [ReadSegment]) -> Manifest {
        let now = Clock.now()
        var manifest = Manifest(
            kind: .journal, organisation: organisation,
            from: Manifest.Sender(
                node: settings.id, store: settings.store, journal: identity.journal, follows: identity.follows),
            to: central, created: now, software: Software.name,
            clock: Manifest.ClockFacts(wall: now, sinceBoot: Clock.sinceBoot(), lastSeen: state.seen),
            first: segments.first?.summary.header.first ?? lastSeq + 1, last: segments.last?.summary.last ?? lastSeq,
            operations: segments.reduce(0) { $0 + $1.summary.count })
        let received = state.receipt.map { $0.position.journal == identity.journal ? $0.position.seq : 0 } ?? 0
        manifest.pending = max(0, lastSeq - received)
        manifest.cursor = state.cursor
        manifest.coverage = state.coverage
        manifest.subscription = settings.receive
        manifest.segments = segments.map { segment in
            Manifest.Segment(
                number: segment.info.number, first: segment.summary.header.first, last: segment.summary.last,
                hash: segment.summary.hash, path: "segments/\(JournalBundle.digits(segment.info.number)).jsonl.gz")
        }
        manifest.days = segments.compactMap { segment in
            segment.summary.trailer?.close.map {
                Manifest.ClosedDay(close: $0, segment: segment.info.number, seq: segment.summary.last)
            }
        }
        return manifest
    }

    private static func digits(_ number: Int64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }
}
