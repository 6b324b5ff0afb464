import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

extension Terminal {
    /// Closes the business day (today, if nil): seals, and writes a bundle, in any case.
    ///
    /// - Parameter exchange: The directory to write to, as `DIR/to/<central>/`; nil for the outbox.
    public func close(day: String? = nil, to exchange: String? = nil) throws -> Exported {
        try NightdropError.attempt { try export(closing: day ?? Clock.today(), to: exchange, maxSize: nil) }
    }

    /// Writes a bundle of everything that no receipt covers; none if central has and knows everything.
    ///
    /// - Parameter maxSize: The most bytes of one file; what would be larger is split into parts.
    public func export(to exchange: String? = nil, maxSize: Int64? = nil) throws -> Exported {
        try NightdropError.attempt { try export(closing: nil, to: exchange, maxSize: maxSize) }
    }

    private func export(closing day: String?, to exchange: String?, maxSize: Int64?) throws -> Exported {
        let receipt = try receipt()
        let sealed = try journal.seal(close: day, from: receipt?.segment?.number ?? 1)
        try catchUp.run(rules)
        let settings = settings
        guard let central = settings.central, let organisation = settings.organisation else {
            throw NightdropError(
                .badSettings,
                "\(settings.id) is not enrolled yet: give \(settings.id)\(EnrollmentRequest.fileSuffix) to head office, and "
                    + "import the grant that comes back\(day.map { "; the day \($0) is closed" } ?? "")")
        }
        let state = try store.read { try $0.state() }
        let statement = Terminal.statement(state, settings)
        let segments = try uncovered(sealed, by: receipt)
        if day == nil, segments.allSatisfy({ $0.summary.count == 0 && $0.summary.trailer?.close == nil }),
            state.cursor != nil, state.exported == statement
        {
            return Exported(first: journal.lastSeq + 1, last: journal.lastSeq)
        }
        let folder =
            try exchange.map {
                try ExchangeDirectory($0, fileSystem: fileSystem).destination(to: central, organisation: organisation)
            } ?? directory.outbox
        let composer = JournalBundle(
            settings: settings, central: central, organisation: organisation, identity: identity, state: state,
            lastSeq: sealed.last.flatMap(\.last) ?? journal.lastSeq)
        var written: [WrittenBundle] = []
        for (manifest, contents) in try composer.bundles(of: segments, maxSize: maxSize) {
            written.append(
                try BundleWriter.write(
                    manifest: manifest, contents: contents, key: key, to: folder + "/" + manifest.fileName,
                    fileSystem: fileSystem, verifyCopy: exchange != nil))
        }
        try ExchangeDirectory(exchange ?? directory.outbox, fileSystem: fileSystem).removeSuperseded(by: written)
        return try exported(written, stating: statement)
    }

    private func exported(_ written: [WrittenBundle], stating statement: String) throws -> Exported {
        let files = written.map(\.path)
        try store.exported(files.map(Path.name(of:)).joined(separator: " "), stating: statement, at: Clock.now())
        broadcaster.send(.exported(files: files))
        statusMayHaveChanged()
        return Exported(
            bundle: files.first, files: files, first: written.first?.manifest.first ?? 0,
            last: written.last?.manifest.last ?? 0, operations: written.reduce(0) { $0 + $1.manifest.operations },
            days: written.flatMap { $0.manifest.days.map(\.close) })
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

/// A sealed segment, and what reading it told.
struct ReadSegment {
    let info: SegmentInfo
    let summary: SegmentSummary
}
