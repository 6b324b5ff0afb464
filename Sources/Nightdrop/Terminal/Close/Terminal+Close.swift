import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

extension Terminal {
    /// Today's date where this machine stands, `2026-11-20`.
    public static var today: String { Clock.today() }

    /// Tomorrow's date where this machine stands: what people mean by a day behind it, they have mistyped.
    public static var tomorrow: String { Clock.tomorrow() }

    /// Closes the business day (today, if nil): seals, and writes a bundle, in any case. A day stays closed.
    ///
    /// - Parameters:
    ///   - day: Any day, as clocks may be wrong; where a person typed it, `tomorrow` is the last that makes sense.
    ///   - exchange: The directory to write to, as `DIR/to/<central>/`; nil for the outbox.
    ///   - maxSize: The most bytes of one file; what would be larger is split into parts.
    public func close(day: String? = nil, to exchange: String? = nil, maxSize: Int64? = nil) throws -> Exported {
        try NightdropError.attempt {
            try export(ExportTerms(closing: day ?? Clock.today(), place: place(exchange), maxSize: maxSize)).exported
        }
    }

    /// Writes a bundle of everything that no receipt covers; none if central has and knows everything.
    ///
    /// - Parameter maxSize: The most bytes of one file; what would be larger is split into parts.
    public func export(to exchange: String? = nil, maxSize: Int64? = nil) throws -> Exported {
        try NightdropError.attempt { try export(ExportTerms(place: place(exchange), maxSize: maxSize)).exported }
    }

    private func place(_ exchange: String?) -> ExchangeDirectory? {
        exchange.map { ExchangeDirectory($0, fileSystem: fileSystem) }
    }

    /// Seals, and writes what the terms and the decision say. Two exports take turns while they put together what is to be
    /// told, and while they write to the same place; not while one writes somewhere else (see `Landing`).
    func export(_ terms: ExportTerms) throws -> ExportResult {
        let consignment = try compose(terms)
        guard consignment.decision != .nothing else {
            return ExportResult(Exported(first: journal.lastSeq + 1, last: journal.lastSeq))
        }
        let place = terms.place ?? ExchangeDirectory(directory.outbox, fileSystem: fileSystem)
        let (central, organisation) = (consignment.composer.central, consignment.composer.organisation)
        let folder = try terms.place?.destination(to: central, organisation: organisation) ?? directory.outbox
        return try CarrierTurn(on: place, of: directory, fileSystem).run {
            try leave(consignment, terms, in: place, folder)
        }
    }

    /// Puts together what central is to be told: sealed segments, and copies of returns, none of which changes any more.
    private func compose(_ terms: ExportTerms) throws -> Consignment {
        let lock = try fileSystem.lock(directory.path + "/export.lock", wait: true)
        defer { withExtendedLifetime(lock) {} }
        let receipt = try receipt()
        let sealed = try journal.seal(close: terms.closing, from: receipt?.segment?.number ?? 1)
        try catchUp.run(rules)
        let settings = settings
        guard let central = settings.central, let organisation = settings.organisation else {
            throw NightdropError(
                .badSettings,
                "\(settings.id) is not enrolled yet: give \(settings.id)\(EnrollmentRequest.fileSuffix) to head office, and "
                    + "import the grant that comes back\(terms.closing.map { "; the day \($0) is closed" } ?? "")")
        }
        let state = try store.read { try $0.state() }
        let statement = Terminal.statement(state, settings)
        let segments = try uncovered(sealed, by: receipt)
        let echoes = try echoes()
        let decision = ExportDecision(
            isClose: terms.closing != nil,
            hasNews: !echoes.isEmpty
                || segments.contains { $0.summary.count > 0 || $0.summary.trailer?.close != nil },
            isKnown: state.cursor != nil && state.exported == statement && terms.visit?.owesWord != true,
            lastExport: try store.lastExport(),
            now: Clock.now(),
            heartbeat: terms.visit?.heartbeatMilliseconds)
        let composer = JournalBundle(
            settings: settings, central: central, organisation: organisation, identity: identity, state: state,
            lastSeq: sealed.last.flatMap(\.last) ?? journal.lastSeq, echoes: echoes)
        return Consignment(composer: composer, segments: segments, decision: decision, statement: statement)
    }

    /// Writes it to a place, unless what lies there says just that.
    private func leave(
        _ consignment: Consignment, _ terms: ExportTerms, in place: ExchangeDirectory, _ folder: String
    ) throws -> ExportResult {
        // From the outbox people may carry it on any stick.
        let largest = terms.place == nil ? Limits.fatFileBytes : try place.medium()?.largestFileBytes
        let limit = min(terms.maxSize ?? .max, largest ?? .max)
        let parts = try consignment.composer.bundles(of: consignment.segments, limit: limit)
        if consignment.decision == .ifAbsent {
            let oldest = Clock.now() - (terms.visit?.heartbeatMilliseconds ?? 0)
            let standing = parts.flatMap {
                place.standing(for: $0.0, in: folder, key: key.publicKey, limit: limit)
            }
            if standing.count == parts.count, standing.allSatisfy({ $0.manifest.created > oldest }) {
                return ExportResult(Exported(standing), written: standing, wasThere: true)
            }
        }
        var written: [WrittenBundle] = []
        for (manifest, contents) in parts {
            let path = folder + "/" + manifest.fileName
            written.append(
                try BundleWriter.write(
                    manifest: manifest, contents: contents, key: key, to: path, fileSystem: fileSystem,
                    verifyCopy: terms.place != nil,
                    progress: ExchangeProgress.writing(path, terms.visit?.progress)))
        }
        let replaced = try place.removeSuperseded(by: written)
        try remember(written, stating: consignment.statement)
        return ExportResult(Exported(written), written: written, replaced: replaced)
    }

    private func remember(_ written: [WrittenBundle], stating statement: String) throws {
        let files = written.map(\.path)
        try store.exported(files.map(Path.name(of:)).joined(separator: " "), stating: statement, at: Clock.now())
        broadcaster.send(.exported(files: files))
        statusMayHaveChanged()
    }

    /// What a bundle tells of this terminal besides its journal: central must hear of it when it changes.
    private static func statement(_ state: TerminalState, _ settings: NodeSettings) -> String {
        let told: JSONValue = [
            state.cursor?.json ?? .null, state.coverage?.json ?? .null, Coverage.json(of: settings.receive),
        ]
        return told.compact
    }

    /// What central holds of the present journal, as far as is known.
    private func receipt() throws -> Receipt? {
        try store.read { try $0.state() }.receipt.flatMap { $0.position.journal == identity.journal ? $0 : nil }
    }

    /// The sealed segments that no receipt covers whole, each read and checked once more before it leaves.
    private func uncovered(_ sealed: [SegmentInfo], by receipt: Receipt?) throws -> [ReadSegment] {
        var previous: ContentHash?
        var held: Int64 = 0
        if let receipt, let segment = receipt.segment,
            let own = sealed.first(where: { $0.number == segment.number }), own.hash == nil || own.hash == segment.hash
        {
            held = segment.number
            previous = segment.hash
        }
        var segments: [ReadSegment] = []
        for info in sealed where info.number > held {
            let summary = try journal.reader.verify(info, after: previous)
            segments.append(ReadSegment(info: info, summary: summary))
            previous = summary.hash
        }
        return segments
    }
}

/// What an export is for, and where it goes.
struct ExportTerms {
    /// The day to close; nil for none.
    var closing: String?
    /// The exchange directory; nil for the outbox.
    var place: ExchangeDirectory?
    /// The most bytes of one file.
    var maxSize: Int64?
    /// How the visit is made; nil if the export was asked for by itself.
    var visit: ExchangeOptions?
}

/// What an export did.
struct ExportResult {
    let exported: Exported
    let written: [WrittenBundle]
    let wasThere: Bool
    let replaced: [String]

    init(_ exported: Exported, written: [WrittenBundle] = [], wasThere: Bool = false, replaced: [String] = []) {
        self.exported = exported
        self.written = written
        self.wasThere = wasThere
        self.replaced = replaced
    }
}

extension Exported {
    /// What bundles hold together, parts in order.
    init(_ written: [WrittenBundle]) {
        self.init(
            bundle: written.first?.path, files: written.map(\.path), first: written.first?.manifest.first ?? 0,
            last: written.last?.manifest.last ?? 0, operations: written.reduce(0) { $0 + $1.manifest.operations },
            days: written.flatMap { $0.manifest.days.map(\.close) })
    }
}

/// What central is to be told, put together and not yet written.
private struct Consignment {
    let composer: JournalBundle
    let segments: [ReadSegment]
    let decision: ExportDecision
    /// What it says of the terminal besides its journal.
    let statement: String
}

/// A sealed segment, and what reading it told.
struct ReadSegment {
    let info: SegmentInfo
    let summary: SegmentSummary
}
