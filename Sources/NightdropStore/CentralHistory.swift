import NightdropMerge

/// What can be asked of central's change log: who changed what, and where the operation stands.
public protocol CentralHistory {
    /// The operations about a record, oldest first, one list for each time that it was made anew after its tombstone had
    /// been removed; the last is of the record that is there now, if one is.
    func chains(entity: String, store: String, id: String) throws -> [[LoggedChange]]
    /// The operations about a record of the store's number `rid`, oldest first.
    func chain(rid: Int64) throws -> [LoggedChange]
    /// The same; nil if there are more than so many.
    func chain(rid: Int64, atMost limit: Int) throws -> [LoggedChange]?
    /// A record by the store's number of it.
    func record(rid: Int64) throws -> RecordRow?
    /// A segment by the store's number of it.
    func segment(id: Int64) throws -> SegmentRow?
    /// A bundle by the store's number of it.
    func bundle(id: Int64) throws -> BundleRow?
    /// What decided, besides the operations, when central merged a change.
    func circumstances(of csn: Int64) throws -> MergeCircumstances
    /// The last change merged at or before a time; 0 if there was none.
    func lastChange(at time: Int64) throws -> Int64
    /// The conflicts about a record.
    func conflicts(rid: Int64) throws -> [ConflictRow]
    /// The conflicts about a change that central has no record of.
    func conflictsWithoutRecord(csn: Int64) throws -> [ConflictRow]
    /// Where the last `limit` things stand that happened and that the filter lets through, latest first.
    func log(_ filter: LogFilter, limit: Int) throws -> [LogPlace]
    /// An event.
    func event(id: Int64) throws -> EventRow?
    /// A change of the log.
    func change(csn: Int64) throws -> LoggedChange?
}

/// A row of the change log.
public struct LoggedChange: Sendable {
    /// The change sequence number.
    public var csn: Int64
    /// The store's number of the record; nil where central has none.
    public var rid: Int64?
    /// The store's number of the segment that holds the operation.
    public var segment: Int64
    /// Where its line begins in the segment's text; in head office's own journal, the operation's number.
    public var offset: Int64

    /// A change.
    public init(csn: Int64, rid: Int64?, segment: Int64, offset: Int64) {
        self.csn = csn
        self.rid = rid
        self.segment = segment
        self.offset = offset
    }
}

/// What the outcome of a merge depended on besides operations and records.
public struct MergeCircumstances: Sendable {
    /// Central's clock, in milliseconds since 1970.
    public var at: Int64
    /// The version of the policy; nil where the store did not keep that yet.
    public var policy: Int64?
    /// What programs said about the change, by field; the empty name stands for whether the record lives.
    public var answers: [String: HookAnswer] = [:]

    /// Circumstances in which no program was asked.
    public init(at: Int64, policy: Int64?) {
        self.at = at
        self.policy = policy
    }
}

/// A bundle that brought something new.
public struct BundleRow: Sendable {
    /// The store's number of it.
    public var id: Int64
    /// Its file name.
    public var name: String
    /// Who wrote it.
    public var node: String
    /// When it was merged, in milliseconds since 1970.
    public var at: Int64

    /// A bundle.
    public init(id: Int64, name: String, node: String, at: Int64) {
        self.id = id
        self.name = name
        self.node = node
        self.at = at
    }
}

/// What of the log is wanted.
public struct LogFilter: Sendable {
    /// What happened at or after this time, in milliseconds since 1970.
    public var since: Int64?
    /// Changes of this entity only, and no events.
    public var entity: String?
    /// What this node did, or what was done with its bundles.
    public var node: String?
    /// Whether changes are wanted.
    public var changes = true
    /// Whether events are wanted.
    public var events = true

    /// Everything.
    public init() {}
}

/// Where something stands that the log shows.
public enum LogPlace: Sendable, Equatable {
    /// An event, by its number.
    case event(Int64)
    /// A change, by its CSN, and the time of its merge.
    case change(Int64, at: Int64)
}
