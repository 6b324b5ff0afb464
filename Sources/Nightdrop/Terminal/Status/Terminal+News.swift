import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel

/// A place in a terminal's journal, up to which somebody has looked at it.
public struct JournalPlace: Sendable, Equatable {
    /// The last operation seen.
    public var seq: Int64
    /// The last segment of which it is known whether it closes a day; 0 for none.
    public var segment: Int64

    /// In such steps the newest sealed segment is looked for: there may be thousands.
    static let segmentsAtOnce: Int64 = 16

    /// A place.
    public init(seq: Int64 = 0, segment: Int64 = 0) {
        self.seq = seq
        self.segment = segment
    }
}

/// What came into a journal behind a place.
public struct JournalNews: Sendable, Equatable {
    /// The place now.
    public var place: JournalPlace
    /// The highest priority of the new operations' entities, 1 to 10; nil if there are none.
    public var priority: Int?
    /// Whether a day was closed.
    public var hasClose = false
}

extension Terminal {
    /// The place behind everything that is recorded now.
    public func journalPlace() throws -> JournalPlace {
        try NightdropError.attempt {
            // Segments are sealed in the order of their numbers, so only the newest ones may not be sealed yet.
            guard let newest = try journal.reader.newestHeader()?.segment else { return JournalPlace() }
            var first = newest
            var segments = try journal.reader.segments(from: first)
            while first > 1, !segments.contains(where: \.isSealed) {
                first = max(1, first - JournalPlace.segmentsAtOnce)
                segments = try journal.reader.segments(from: first)
            }
            return JournalPlace(
                seq: try journal.reader.lastSeq(from: segments.last),
                segment: segments.last(where: \.isSealed)?.number ?? 0)
        }
    }

    /// Looks at what any process has recorded, so that the next status counts it. Others' processes may have ended before
    /// they brought the store up to it.
    public func followJournal() throws { try NightdropError.attempt { try journal.follow() } }

    /// What any process has recorded behind a place, read from the journal without a lock. It may not be durable yet, so it
    /// tells what to look for, not what is there for good.
    public func news(behind place: JournalPlace) throws -> JournalNews {
        try NightdropError.attempt {
            var news = JournalNews(place: place)
            let policy = policy
            try journal.reader.read(from: place.seq + 1) { lines, operations in
                for operation in operations {
                    let entity = String(decoding: lines[operation.entity], as: UTF8.self)
                    news.priority = max(news.priority ?? 0, policy.entity(entity).priority)
                }
                news.place.seq = operations.last?.seq ?? news.place.seq
            }
            for segment in try journal.reader.segments(from: place.segment + 1) where segment.isSealed {
                if try journal.reader.verify(segment).trailer?.close != nil { news.hasClose = true }
                news.place.segment = max(news.place.segment, segment.number)
            }
            return news
        }
    }
}

extension JournalReader {
    /// The last operation up to the end of the newest segment.
    fileprivate func lastSeq(from newest: SegmentInfo?) throws -> Int64 {
        guard let newest else { return 0 }
        var last = newest.first - 1
        try read(from: newest.first) { _, operations in last = operations.last?.seq ?? last }
        return last
    }
}
