import NightdropFormats
import NightdropMerge
import NightdropModel

/// A store that failed: what was tried, and why it failed.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// The kinds that a caller handles differently.
    public enum Kind: Sendable {
        /// Another process holds the write lock for too long.
        case busy
        /// The disk is full.
        case full
        /// The disk is not writable.
        case disk
        /// The file is damaged, or not a store of this version.
        case damaged
        /// Anything else.
        case failed
    }

    /// The kind.
    public let kind: Kind
    /// What happened.
    public let message: String

    /// An error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// What happened.
    public var description: String { message }
}

/// Central's store. Reading sees one moment and never waits for a writer; writing is one durable transaction at a time.
///
/// Whatever implements it passes the contract in the tests.
public protocol CentralStore: Sendable {
    /// Reads, at one moment.
    func read<Answer>(_ body: (any CentralReader) throws -> Answer) throws -> Answer
    /// Writes: all of it, durable on return, or nothing.
    func write<Answer>(_ body: (any CentralWriter) throws -> Answer) throws -> Answer
    /// Runs what a write would do, and undoes all of it. Others read meanwhile, but nobody else writes.
    func rehearse<Answer>(_ body: (any CentralWriter) throws -> Answer) throws -> Answer
}

/// What can be asked of central's store.
public protocol CentralReader: CentralHistory, CentralAudit, CentralUndoReader {
    /// A named text, such as the epoch or the policy.
    func setting(_ name: String) throws -> String?
    /// The last change and the merge transaction that made it.
    func cursor() throws -> Cursor
    /// Whether a cursor is one of this store's merge transactions.
    func holds(_ cursor: Cursor) throws -> Bool
    /// Whether change and id of a cursor are those of one of this store's merge transactions, whatever its epoch.
    func isTransaction(_ cursor: Cursor) throws -> Bool
    /// How many operations head office's own journal of then had as a merge transaction ended; nil where that was not kept.
    func ownSeq(at csn: Int64) throws -> Int64?
    /// The merge transactions behind a CSN, in order.
    func transactions(after csn: Int64) throws -> [MergeTransaction]
    /// All journals.
    func journals() throws -> [JournalRow]
    /// A journal: nil if nothing of it was merged.
    func journal(_ journal: UniqueID) throws -> JournalRow?
    /// A segment.
    func segment(journal: Int32, number: Int64) throws -> SegmentRow?
    /// The bytes of an archive file that count; what lies behind is left from a crash.
    func archiveLength(_ file: String) throws -> Int64
    /// All terminals, by id.
    func terminals() throws -> [TerminalRow]
    /// A record; nil if there never was one.
    func record(entity: String, store: String, id: String) throws -> RecordRow?
    /// The living records of an entity, by store and id.
    func records(entity: String, _ body: (RecordRow) throws -> Void) throws
    /// Conflicts, by number.
    func conflicts(_ filter: ConflictFilter, _ body: (ConflictRow) throws -> Void) throws
    /// What stands now in the place that a conflict is about; nil where it is about the whole record, or there is none.
    func present(_ conflict: ConflictRow) throws -> PresentValue?
    /// The sum of a field over the living records of an entity. Reads all of them.
    func sum(of field: String, entity: String) throws -> ExactDecimal
    /// One conflict.
    func conflict(_ number: Int64) throws -> ConflictRow?
    /// How many conflicts wait for a person.
    func openConflicts() throws -> Int64
    /// Closed days, by day and node, up to and with a day.
    func days(through day: String?) throws -> [DayRow]
    /// The notices for a terminal behind a CSN.
    func notices(for node: NodeID, after csn: Int64) throws -> [NoticeLine]
    /// The latest events, latest first.
    func events(limit: Int) throws -> [EventRow]
    /// The names of all entities that have records or that the policy names.
    func entities() throws -> [String]
    /// Writes, as lines of a return bundle, what a terminal lacks; highest priority first. Calls `chunk` with about 1 MiB of
    /// whole lines each time. Returns how many lines.
    func changes(_ selection: ReturnSelection, _ chunk: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64
}

/// What can be changed in central's store, within one transaction.
public protocol CentralWriter: CentralReader, CentralUndoWriter, CentralTidyWriter, CentralLostWriter {
    /// Sets a named text.
    func set(_ name: String, _ value: String) throws
    /// Makes the entities' codes and views those of a policy.
    func use(_ policy: Policy) throws
    /// The journal, which is added if it is new.
    func journal(_ author: RunAuthor, follows: JournalPosition?) throws -> JournalRow
    /// Writes what is known of a journal.
    func update(_ journal: JournalRow) throws
    /// Adds a segment and returns the store's number of it.
    func add(_ segment: SegmentRow) throws -> Int64
    /// Says how many bytes of an archive file count.
    func setArchiveLength(_ file: String, _ length: Int64) throws
    /// Adds or replaces a terminal.
    func put(_ terminal: TerminalRow) throws
    /// Adds a close of a day. Which part of the day it is, is the store's to say: the next one of that terminal and day.
    func add(_ day: DayRow) throws
    /// Adds a bundle and returns the store's number of it.
    func addBundle(name: String, from node: NodeID, journal: Int32, at time: Int64) throws -> Int64
    /// Adds an event to the history.
    func add(_ event: EventRow) throws
    /// Makes a conflict show what stands now, as what central has or as what was decided.
    func showPresent(_ conflict: Int64) throws
    /// Merges a batch under the present state. `segments` are the stored numbers of the batch's segments, `codes` the
    /// codes of its runs' journals; `ask` answers what only a program can decide. Returns the number of conflicts by run, and
    /// the last CSN.
    func merge(
        _ batch: MergeBatch, segments: [Int64], codes: [Int32], now: Int64, observer: (any MergeObserver)?,
        asking ask: (HookQuestion) -> HookAnswer
    ) throws -> (conflicts: [Int64], csn: Int64)
    /// Ends the merge transaction: gives its last CSN a random id, and keeps under which version of the policy it was.
    func endMergeTransaction(at time: Int64, policy: Int64?) throws -> Cursor
}

/// Looks on while a batch is merged.
public protocol MergeObserver: AnyObject {
    /// The records are as they were.
    func willMerge(_ merger: BatchMerger)
    /// Everything is decided, and not yet written.
    func didMerge(_ merger: BatchMerger)
}

extension CentralWriter {
    /// Ends a merge transaction of which nobody keeps the policy.
    public func endMergeTransaction(at time: Int64) throws -> Cursor { try endMergeTransaction(at: time, policy: nil) }

    /// Merges a batch with nobody looking on, and without programs: what only they can decide falls to the later time.
    public func merge(
        _ batch: MergeBatch, segments: [Int64], codes: [Int32], now: Int64
    ) throws -> (conflicts: [Int64], csn: Int64) {
        try merge(batch, segments: segments, codes: codes, now: now, observer: nil) { _ in
            .failed("no program runs here")
        }
    }
}
