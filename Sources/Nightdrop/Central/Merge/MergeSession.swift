import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// One run of `merge` over some bundles that have come home: decodes them and packs what is new into merge transactions.
///
/// Works on a thread of its own beside the one that commits (see `MergeCommitter`). What it knows of journals runs ahead
/// of the store by what has been handed over and not yet been committed.
final class MergeSession {
    /// What a session leaves behind besides what the store commits.
    enum Trace {
        /// Bundles in the archive.
        case archive
        /// Nothing at all.
        case none
    }

    /// A bundle that was refused though it had come home well.
    struct Refusal {
        /// A terminal that signed it with a key that counts.
        struct Sender {
            let node: NodeID
            let manifest: ContentHash
            /// Whether another bundle of it was merged after this one.
            var isHeardOf = false
        }

        let input: MergeInput
        let error: BundleError
        var sender: Sender?
    }

    private(set) var outcomes: [BundleOutcome] = []
    private let central: Central
    private let intake: BundleIntake
    private let archive: SegmentArchive
    private var journals: [UniqueID: JournalRow] = [:]
    private var terminals: [NodeID: TerminalRow] = [:]
    /// The hashes of segments of this run, which the store may not have yet.
    private var hashes: [UniqueID: [Int64: ContentHash]] = [:]
    private var decoder = SegmentDecoder()
    private var pending: PendingMerge
    /// So many operations a batch is made for.
    private var expected = 0
    private let handover: Handover<PendingMerge>
    private let progress: (@Sendable (MergeProgress) -> Void)?
    private var state = MergeProgress()
    /// The terminals whose bundles were taken, with the manifest of the latest.
    private(set) var taken: [NodeID: Manifest] = [:]
    /// What was refused.
    private(set) var refusals: [Refusal] = []
    /// Where nothing is left behind: by entity, the operations that were here already.
    private(set) var knownOperations: [String: Int64] = [:]
    private let trace: Trace
    /// So many operations are worth a transaction where the thread that commits has nothing else to do.
    private static let fewestOperations = 16_000
    /// So many operations, and the rest of a transaction, are added before that is asked again.
    private static let piece = 1_000
    private let epochs: Epochs
    /// What bundles told of another life of this store.
    private(set) var signs = RestoreSigns()
    /// The bundles that bring back returns which head office has lost.
    private(set) var echoes: [VerifiedBundle] = []

    init(
        _ central: Central, leaving trace: Trace = .archive, progress: (@Sendable (MergeProgress) -> Void)?,
        to handover: Handover<PendingMerge>
    ) throws {
        self.central = central
        self.progress = progress
        self.handover = handover
        self.trace = trace
        epochs = try central.store.read { try $0.epochs() }
        intake = BundleIntake(try central.expectations(), fileSystem: central.fileSystem)
        archive = SegmentArchive(central.fileSystem, central.directory, isPretended: trace == .none) { file in
            try central.store.read { try $0.archiveLength(file) }
        }
        pending = PendingMerge(central.validator, expecting: expected)
        try central.store.read { reader in
            for journal in try reader.journals() { journals[journal.journal] = journal }
            for terminal in try reader.terminals() { terminals[terminal.node] = terminal }
        }
    }

    /// What became of each bundle, with the conflicts that it led to.
    func outcomes(_ committer: MergeCommitter) -> [BundleOutcome] {
        var outcomes = outcomes
        for (index, count) in committer.conflicts { outcomes[index].conflicts = count }
        return outcomes
    }

    /// Takes all files, in the order of their numbers; what had to wait is tried again once something came before it.
    /// Once `isEnding`, which is asked before each, the others are passed over.
    func run(_ files: [FetchedBundle], isEnding: (@Sendable () -> Bool)? = nil) throws {
        (state.copied, state.of) = (files.count, files.count)
        outcomes = files.map(\.outcome)
        // What a manifest says is not believed any further.
        expected = Int(
            files.reduce(0) { min($0 + max($1.bundle?.manifest.operations ?? 0, 0), Int64(Limits.batchOperations)) })
        pending = PendingMerge(central.validator, expecting: expected)
        var waiting = files.indices.sorted { files[$0].input.order < files[$1].input.order }
        var hasProgress = true
        while hasProgress && !waiting.isEmpty {
            hasProgress = false
            var again: [Int] = []
            for index in waiting {
                if isEnding?() == true { return try flush() }
                outcomes[index] = try take(files[index], index)
                if outcomes[index].outcome == .waiting { again.append(index) } else { hasProgress = true }
                state.bundles = files.count - again.count
                progress?(state)
            }
            waiting = again
        }
        try flush()
    }

    private func take(_ fetched: FetchedBundle, _ index: Int) throws -> BundleOutcome {
        guard let bundle = fetched.bundle else { return fetched.outcome }
        let input = fetched.input
        var outcome = BundleOutcome(file: input.path, outcome: .merged)
        do {
            // Its key may have been revoked since.
            try intake.confirm(bundle)
            outcome.manifest = ContentHash.of(bundle.manifestBytes)
            outcome.from = bundle.manifest.from.node.text
            outcome.total = bundle.manifest.operations
            try merge(bundle, index, &outcome)
        } catch let error as BundleError {
            refuse(input, bundle.path, error, &outcome)
        } catch let error as GzipError {
            refuse(input, bundle.path, BundleError(.damaged, file: input.path, error.reason), &outcome)
        } catch let error as SegmentError {
            refuse(input, bundle.path, BundleError(.malformed, file: input.path, error.description), &outcome)
        }
        return outcome
    }

    private func merge(_ bundle: VerifiedBundle, _ index: Int, _ outcome: inout BundleOutcome) throws {
        let manifest = bundle.manifest
        guard let terminal = terminals[manifest.from.node] else {
            throw BundleError(.unknownKey, file: bundle.path, "\(manifest.from.node) is not enrolled")
        }
        let author = RunAuthor(
            journal: manifest.from.journal, node: manifest.from.node, store: terminal.store, isCentral: false)
        var row =
            journals[author.journal]
            ?? JournalRow(
                code: 0, journal: author.journal, node: author.node, store: author.store, isCentral: false,
                follows: manifest.from.follows)
        guard row.node == author.node, !row.isCentral else {
            throw BundleError(.malformed, file: bundle.path, "journal \(author.journal) belongs to \(row.node)")
        }
        guard manifest.segments.reduce(0, { $0 + $1.last - $1.first + 1 }) == manifest.operations else {
            throw BundleError(.malformed, file: bundle.path, "it does not hold as many operations as its manifest says")
        }
        let standing = try central.store.read { try $0.standing(of: manifest.cursor, epochs) }
        signs.note(manifest, standing, before: terminal.cursor)
        guard standing != .strange else {
            outcome.outcome = .waiting
            outcome.status = NightdropError.Kind.tryAgain.rawValue
            outcome.reason = RestoreSigns.strange(manifest)
            return
        }
        if trace != .none, manifest.entries.contains(where: { $0.path.hasPrefix(EchoedReturn.folder) }) {
            echoes.append(bundle)
        }
        let bases = KnownBases(standing, manifest.cursor, before: terminal.cursor, epochs)
        // Not the file's name, which anybody may have changed: it stands for this bundle for ever.
        let source = PendingMerge.Source(index: index, name: manifest.fileName, author: author)
        var places: [JSONValue] = []
        for segment in manifest.segments {
            if segment.number <= row.segment {
                try compare(segment, row, bundle)
                outcome.known += segment.last - segment.first + 1
            } else if segment.number == row.segment + 1 {
                places.append(try merge(segment, of: bundle, source, bases, &row, &outcome))
            } else {
                outcome.outcome = .waiting
                outcome.status = 75
                outcome.reason =
                    "gap: segments \(row.segment + 1) to \(segment.number - 1) of journal \(author.journal.short) are missing"
                // It is answered, so that the terminal learns what to send again.
                if taken[source.author.node] == nil { taken[source.author.node] = manifest }
                return
            }
        }
        if places.isEmpty { outcome.outcome = .known }
        try finish(bundle, source, terminal, places, isPlaced: standing == .held)
    }

    /// A segment that is here already costs one comparison of hashes.
    private func compare(_ segment: Manifest.Segment, _ row: JournalRow, _ bundle: VerifiedBundle) throws {
        var held: ContentHash? = row.segmentHash
        if segment.number < row.segment {
            held =
                try hashes[row.journal]?[segment.number]
                ?? central.store.read { try $0.segment(journal: row.code, number: segment.number) }?.hash
        }
        if let held, held != segment.hash { throw fork(segment, row, bundle) }
        guard trace == .none else { return }
        noteKnown(try decoder.decode(bundle.open(), bundle.entryRange(segment.path)), through: segment.last)
    }

    private func noteKnown(_ decoded: DecodedSegment, through seq: Int64) {
        for operation in decoded.operations where operation.seq <= seq {
            knownOperations[decoded.text.buffer[operation.entity].text, default: 0] += 1
        }
    }

    private func fork(_ segment: Manifest.Segment, _ row: JournalRow, _ bundle: VerifiedBundle) -> BundleError {
        BundleError(
            .fork, file: bundle.path, entry: segment.path,
            "segment \(segment.number) of journal \(row.journal.short) is held with other content; the till was cloned, or "
                + "restored from a backup")
    }

    /// Decodes a segment, puts it into the archive, and its operations into the pending transaction.
    private func merge(
        _ segment: Manifest.Segment, of bundle: VerifiedBundle, _ source: PendingMerge.Source, _ bases: KnownBases,
        _ row: inout JournalRow, _ outcome: inout BundleOutcome
    ) throws -> JSONValue {
        let file = try bundle.open()
        let range = try bundle.entryRange(segment.path)
        let decoded = try decoder.decode(file, range, expecting: segment.last - segment.first + 1)
        try check(decoded, against: segment, row, bundle)
        let stored =
            row.code > 0 ? try central.store.read { try $0.segment(journal: row.code, number: segment.number) } : nil
        var held: SegmentRow
        if let stored {
            // An interrupted merge holds its first operations already.
            guard stored.hash == segment.hash else { throw fork(segment, row, bundle) }
            held = stored
        } else {
            let month = Timestamp.text(milliseconds: Clock.now()).prefix(7)
            let place = try archive.append(file, range, to: "archive/\(source.author.node)/\(month).jsonl.gz")
            held = SegmentRow(
                id: 0, journal: 0, number: segment.number, first: segment.first, last: segment.last, hash: segment.hash,
                file: place.file, offset: place.offset, length: place.length, bundle: nil)
            held.lastBase = bases.last(in: decoded.header.epoch)
        }
        let merged = row.seq
        if trace == .none { noteKnown(decoded, through: merged) }
        try add(decoded, held, source, &row)
        outcome.new += row.seq - merged
        outcome.known += max(0, merged - segment.first + 1)
        row.segment = segment.number
        row.segmentHash = decoded.hash
        hashes[row.journal, default: [:]][segment.number] = decoded.hash
        row.totals = row.totals.adding(decoded.totals)
        close(decoded, source, &row)
        journals[row.journal] = row
        pending.journals[row.journal] = row
        return [
            "segment": .integer(segment.number), "file": .optional(held.file), "offset": .integer(held.offset),
            "length": .integer(held.length),
        ]
    }

    private func check(
        _ decoded: DecodedSegment, against segment: Manifest.Segment, _ row: JournalRow, _ bundle: VerifiedBundle
    ) throws {
        let header = decoded.header
        guard header.journal == row.journal, header.node == row.node, header.segment == segment.number,
            header.first == segment.first, decoded.trailer.last == segment.last, decoded.hash == segment.hash,
            header.previous == row.segmentHash || row.segment == 0,
            header.first <= row.seq + 1
        else {
            throw BundleError(
                .malformed, file: bundle.path, entry: segment.path,
                "the segment is not the one that the manifest names, or does not continue the journal")
        }
    }

    /// Adds the operations that are new, split where a transaction of the store is full.
    private func add(
        _ decoded: DecodedSegment, _ held: SegmentRow, _ source: PendingMerge.Source, _ row: inout JournalRow
    ) throws {
        begin(decoded, held, source, row.journal)
        var rest = decoded.operations[...]
        rest = rest.drop { $0.seq <= row.seq }
        var last: ScannedOperation?
        while !rest.isEmpty {
            let count = isWaitedFor ? 0 : pending.batch.room(for: rest, atMost: MergeSession.piece)
            guard count > 0 else {
                settle(&row, decoded, last)
                try flush()
                begin(decoded, held, source, row.journal)
                continue
            }
            let added = rest.prefix(count)
            pending.batch.add(held.lastBase == nil ? added : ArraySlice(added.map(held.counting)))
            last = added.last
            rest = rest.dropFirst(count)
        }
        settle(&row, decoded, last)
    }

    /// Whether to hand over what there is. More would make a better transaction, but now two threads can work.
    private var isWaitedFor: Bool {
        pending.batch.count >= MergeSession.fewestOperations && handover.isWaitedFor
    }

    private func begin(
        _ decoded: DecodedSegment, _ held: SegmentRow, _ source: PendingMerge.Source, _ journal: UniqueID
    ) {
        pending.segments.append(PendingMerge.Segment(row: held, source: source, journal: journal))
        pending.sources.append(source)
        pending.batch.begin(source.author, text: decoded.text, segment: pending.segments.count - 1)
    }

    /// The journal's position behind the last operation added.
    private func settle(_ row: inout JournalRow, _ decoded: DecodedSegment, _ last: ScannedOperation?) {
        if let last {
            let position = decoded.position(behind: last)
            row.operations += position.seq - row.seq
            row.seq = position.seq
            row.hash = position.hash
            state.operations = state.operations + 1
        }
        journals[row.journal] = row
        pending.journals[row.journal] = row
    }

    /// Adds up what has been recorded since the last close, and compares it with what the till says at a close.
    private func close(_ decoded: DecodedSegment, _ source: PendingMerge.Source, _ row: inout JournalRow) {
        row.sinceClose.operations += decoded.trailer.count
        row.sinceClose.totals = row.sinceClose.totals.adding(decoded.totals)
        guard let close = decoded.trailer.close else { return }
        let found = row.sinceClose
        pending.days.append(
            DayRow(
                node: source.author.node, day: close.day, part: close.part, received: Clock.now(),
                operations: close.operations, claimed: close.totals, found: found.totals,
                agrees: close.operations == found.operations && close.totals.agrees(with: found.totals)))
        row.sinceClose = SinceClose(day: close.day, part: close.part)
    }

    private func finish(
        _ bundle: VerifiedBundle, _ source: PendingMerge.Source, _ terminal: TerminalRow, _ places: [JSONValue],
        isPlaced: Bool
    ) throws {
        let manifest = bundle.manifest
        if !places.isEmpty {
            let line: JSONValue = [
                "bundle": .string(source.name), "places": .array(places),
                "manifest": .string(String(decoding: bundle.manifestBytes, as: UTF8.self)),
                "signature": .string(String(decoding: bundle.signatureBytes, as: UTF8.self)),
            ]
            let month = Timestamp.text(milliseconds: Clock.now()).prefix(7)
            try archive.append(line: line.bytes, to: "archive/\(source.author.node)/\(month).bundles.jsonl")
            pending.finished.append(source)
            for index in refusals.indices where refusals[index].sender?.node == source.author.node {
                refusals[index].sender?.isHeardOf = true
            }
        }
        taken[source.author.node] = manifest
        // Bundles arrive in any order; the one that was written last tells where the terminal stands. By its clock, unless
        // it brings something new; a clock that runs ahead must not hide what comes later.
        guard !places.isEmpty || manifest.created >= terminal.seen else { return }
        var row = terminal
        row.seen = min(manifest.created, Clock.now())
        row.journal = manifest.from.journal
        // One that this store cannot place says nothing here.
        if isPlaced { (row.cursor, row.coverage) = (manifest.cursor, manifest.coverage) }
        row.pending = manifest.pending
        row.software = manifest.software
        row.subscription = manifest.subscription
        let clock = manifest.clock
        row.clock = ClockSkew(
            atLeast: clock.wall - Clock.now(), atMost: clock.lastSeen > 0 ? clock.wall - clock.lastSeen : nil)
        terminals[row.node] = row
        pending.terminals[row.node] = row
        // Of one in parts only the last reaches as far as the terminal.
        pending.lastSpokenOf[row.node] = manifest.part == manifest.parts ? manifest.last : .max
    }

    private func refuse(_ input: MergeInput, _ copy: String, _ error: BundleError, _ outcome: inout BundleOutcome) {
        outcome.refuse(input, error)
        guard outcome.outcome == .refused else { return }
        outcome.refusedKey = central.refusedKey(of: copy, error)
        var refusal = Refusal(input: input, error: error)
        if let node = outcome.from.flatMap({ NodeID($0) }), let manifest = outcome.manifest {
            refusal.sender = Refusal.Sender(node: node, manifest: manifest)
        }
        refusals.append(refusal)
    }

    private func flush() throws {
        guard !pending.isEmpty else { return }
        pending.archiveLengths = try archive.synchronize()
        // Here, because the thread that commits has more to do.
        pending.batch.arrange()
        state.operations += Int64(pending.batch.count)
        progress?(state)
        guard handover.put(pending) else { throw CancellationError() }
        // Behind that, as the thread that commits may have done with another one only now.
        if let spent = handover.takeBack() {
            decoder.reuse(spent.batch.reset())
            pending = PendingMerge(in: spent.batch)
        } else {
            pending = PendingMerge(central.validator, expecting: expected)
        }
    }
}

extension ControlTotals {
    /// Whether both say the same; an entity without creates and with a zero sum may be left out.
    func agrees(with other: ControlTotals) -> Bool { differences(from: other).isEmpty }

    /// The entities in which both differ.
    func differences(from other: ControlTotals) -> [String] {
        Set(entries.keys).union(other.entries.keys).sorted().filter { name in
            let (a, b) = (entries[name] ?? Entry(), other.entries[name] ?? Entry())
            return a.creates != b.creates || (a.sum ?? .zero) != (b.sum ?? .zero)
        }
    }
}
