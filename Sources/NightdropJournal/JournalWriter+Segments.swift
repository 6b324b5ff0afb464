import NightdropFiles
import NightdropFormats
import NightdropModel

/// Segments: begun, closed, sealed, found again.
extension JournalWriter {
    /// Sets the conditions of what is recorded from now on; begins a new segment if they differ.
    public func setConditions(_ conditions: JournalConditions) throws {
        try exclusively {
            self.conditions = conditions
            if let tip, tip.conditions != conditions { try closeTip(day: nil) }
        }
        sealer.start()
    }

    /// Looks at what other processes have appended, so that `lastSeq` counts it.
    public func follow() throws { try exclusively {} }

    /// Closes the open segment, if it holds operations or a business day (`2026-11-20`) is closed with it, and seals
    /// whatever is closed. Recording goes on beside it.
    ///
    /// Returns the sealed segments, those from number `first` on, once all are durable; the last has its trailer if it was
    /// closed now.
    public func seal(close day: String? = nil, from first: Int64 = 1) throws -> [SegmentInfo] {
        let closed: (number: Int64, trailer: SegmentTrailer)? = try exclusively {
            guard let tip, day != nil || tip.parser.count > 0 else { return nil }
            return (tip.number, try closeTip(day: day))
        }
        try sealer.sealAll()
        return try reader.segments(from: first).filter(\.isSealed).map { segment in
            guard let closed, closed.number == segment.number else { return segment }
            return SegmentInfo(
                number: segment.number, path: segment.path, isSealed: true, size: segment.size,
                header: segment.header, last: segment.last, hash: segment.hash, trailer: closed.trailer)
        }
    }

    /// Ends the open segment with its last line and begins the next.
    @discardableResult
    func closeTip(day: String?) throws(JournalError) -> SegmentTrailer {
        guard let tip, let header = tip.parser.header else {
            throw JournalError(.inputOutput, directory.path, "no segment is open")
        }
        var close: DayClose?
        if let day { close = try dayClose(day, header, tip.parser) }
        do throws(JournalError) {
            let trailer = try tip.close(close)
            try begin(after: tip.parser, close: close)
            return trailer
        } catch {
            mustBegin = mustBegin || tip.isSpoiled
            self.tip = nil
            throw error
        }
    }

    /// Makes sure that `tip` is the segment to write to, as it is now.
    func renewTip() throws(JournalError) {
        guard let tip else { return try load() }
        let follower = try directory.size(tip.followerPath)
        let size = try directory.size(tip.path)
        if follower == nil, size == tip.size { return }
        if follower == nil, let size, size > tip.size {
            let longer = try tip.goingOn(tell)
            if longer.parser.trailer == nil {
                return adopt(longer, clock: longer.found.time.map { max($0, lastTime) })
            }
        }
        self.tip = nil
        try load()
    }

    private func load() throws(JournalError) {
        let known = knownSeq
        try directory.removeLeftovers(ofSealing: false)
        if let newest = try directory.entries().last {
            try open(newest, isFirst: known < 0)
        } else {
            guard known <= 0 else {
                throw JournalError(
                    .missing, directory.path, "all segments are gone, though \(known) operations were there")
            }
            adopt(try OpenSegment.begin(directory, header(number: 1, first: 1, .none, SinceClose())), clock: nil)
        }
        mustBegin = false
        guard known >= 0, let last = tip?.parser.last else { return }
        guard last >= known else {
            tip = nil
            throw JournalError(
                .damaged, directory.path, "the journal ends with operation \(last), though \(known) was durable")
        }
        try JournalError.attempt(directory.path) { try reader.read(from: known + 1, through: last, tell) }
    }

    private func open(_ newest: JournalDirectory.Entry, isFirst: Bool) throws(JournalError) {
        if newest.hasSealed {
            let (file, isSealed) = try directory.openForReading(newest.number)
            let reader = try SegmentReader(file, number: newest.number, isSealed: isSealed)
            try reader.readAll()
            let summary = try reader.summary()
            try check(summary.header)
            return try begin(after: reader.parser, close: summary.trailer?.close)
        }
        let segment = try OpenSegment.open(directory, newest.number, fromMedium: mustBegin)
        if let header = segment.parser.header { try check(header) }
        if mustBegin || segment.parser.trailer != nil {
            return try begin(after: segment.parser, close: segment.parser.trailer?.close)
        }
        // Another process may have begun it under newer conditions.
        if !isFirst, let current = segment.conditions { conditions = current }
        adopt(segment, clock: segment.found.time ?? HybridTime(milliseconds: 0))
    }

    private func check(_ header: SegmentHeader) throws(JournalError) {
        guard header.journal == identity.journal, header.node == identity.node else {
            throw JournalError(
                .mismatch, directory.path,
                "it holds journal \(header.journal) of \(header.node), not \(identity.journal) of \(identity.node)")
        }
    }

    private func begin(after parser: SegmentParser, close: DayClose?) throws(JournalError) {
        guard let before = parser.header else {
            throw JournalError(.damaged, directory.path, "a segment without header")
        }
        let since =
            close.map { SinceClose(day: $0.day, part: $0.part) }
            ?? before.sinceClose.adding(operations: parser.count, totals: parser.totals)
        let next = header(number: before.segment + 1, first: parser.last + 1, parser.hash, since)
        adopt(try OpenSegment.begin(directory, next), clock: nil)
    }

    private func header(number: Int64, first: Int64, _ previous: ContentHash, _ since: SinceClose) -> SegmentHeader {
        SegmentHeader(
            node: identity.node, store: identity.store, journal: identity.journal, segment: number, first: first,
            previous: previous, follows: identity.follows, epoch: conditions.epoch,
            policyVersion: conditions.policyVersion, controlFields: conditions.controlFields,
            receives: conditions.receives, sinceClose: since, created: wallClock())
    }

    private func dayClose(_ day: String, _ header: SegmentHeader, _ parser: SegmentParser) throws(JournalError)
        -> DayClose
    {
        guard Timestamp.isDate(day) else {
            throw JournalError(.refused, directory.path, "\"\(day)\" is no day like 2026-11-20")
        }
        let since = header.sinceClose
        let part: Int64
        if let closed = since.day, closed >= day {
            part = 1 + (closed == day ? since.part : try parts(of: day))
        } else {
            part = 1
        }
        let sum = since.adding(operations: parser.count, totals: parser.totals)
        return DayClose(day: day, part: part, operations: sum.operations, totals: sum.totals)
    }

    /// How often a day was closed before the one closed last. Rare, so all segments are read.
    private func parts(of day: String) throws(JournalError) -> Int64 {
        var parts: Int64 = 0
        for segment in try reader.segments() {
            if let close = try reader.verify(segment).trailer?.close, close.day == day {
                parts = max(parts, close.part)
            }
        }
        return parts
    }
}

extension OpenSegment {
    /// The text at which a segment is closed, with room left for its last line.
    static let textLimit = Int64(Limits.segmentTextBytes - (256 << 10))

    /// The conditions that its header states.
    var conditions: JournalConditions? { parser.header.map(JournalConditions.init) }
}
