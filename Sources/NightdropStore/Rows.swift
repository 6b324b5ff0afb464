import NightdropFormats
import NightdropMerge
import NightdropModel

/// What central knows of a journal.
public struct JournalRow: Sendable {
    /// The store's code of the journal.
    public var code: Int32
    /// The journal.
    public var journal: UniqueID
    /// The node that writes it.
    public var node: NodeID
    /// The node's store.
    public var store: NodeID?
    /// Whether it is head office's own.
    public var isCentral: Bool
    /// The journal that it follows.
    public var follows: JournalPosition?
    /// The last operation merged.
    public var seq: Int64 = 0
    /// The hash of that operation's line.
    public var hash = ContentHash.none
    /// The last segment held whole; 0 if none.
    public var segment: Int64 = 0
    /// The hash of the chain there.
    public var segmentHash = ContentHash.none
    /// How many operations were merged.
    public var operations: Int64 = 0
    /// Their control totals, up to the last whole segment.
    public var totals = ControlTotals()
    /// The operations since the last close of day.
    public var sinceClose = SinceClose()

    /// A journal of which nothing has been merged.
    public init(
        code: Int32, journal: UniqueID, node: NodeID, store: NodeID?, isCentral: Bool, follows: JournalPosition? = nil
    ) {
        self.code = code
        self.journal = journal
        self.node = node
        self.store = store
        self.isCentral = isCentral
        self.follows = follows
    }

    /// The position behind the last operation merged.
    public var position: JournalPosition { JournalPosition(journal: journal, seq: seq, hash: hash) }
    /// What a return bundle states of it.
    public var receipt: Receipt {
        Receipt(
            position: position, segment: segment > 0 ? (segment, segmentHash) : nil, operations: operations,
            totals: totals)
    }
}

/// Where a segment stands in central's archive.
public struct SegmentRow: Sendable {
    /// The store's number of it.
    public var id: Int64
    /// The code of its journal.
    public var journal: Int32
    /// Its number in the journal.
    public var number: Int64
    /// Its first operation.
    public var first: Int64
    /// Its last operation.
    public var last: Int64
    /// The hash of the chain up to its end.
    public var hash: ContentHash
    /// The file, relative to the node's directory; nil for head office's own journal, which is its own archive.
    public var file: String?
    /// Where it begins in the file.
    public var offset: Int64
    /// How many bytes it has there.
    public var length: Int64
    /// The bundle that brought it, the store's number of it.
    public var bundle: Int64?
    /// The last change that a `base` in it may mean: what is higher belongs to an epoch that this store does not go on from.
    /// Nil where every base means what it says.
    public var lastBase: Int64?

    /// What a `base` in it counts as.
    public func known(_ base: Int64) -> Int64 { lastBase.map { min(base, $0) } ?? base }

    /// A segment.
    public init(
        id: Int64, journal: Int32, number: Int64, first: Int64, last: Int64, hash: ContentHash, file: String?,
        offset: Int64, length: Int64, bundle: Int64?
    ) {
        self.id = id
        self.journal = journal
        self.number = number
        self.first = first
        self.last = last
        self.hash = hash
        self.file = file
        self.offset = offset
        self.length = length
        self.bundle = bundle
    }
}

/// An enrolled terminal, and what its last bundle told of it.
public struct TerminalRow: Sendable {
    /// Its id.
    public var node: NodeID
    /// Its store.
    public var store: NodeID
    /// The journal that it writes.
    public var journal: UniqueID
    /// When it was enrolled, in milliseconds since 1970.
    public var enrolled: Int64
    /// When its last bundle was written; 0 before the first.
    public var seen: Int64 = 0
    /// How far it has applied central's changes, by its last bundle.
    public var cursor: Cursor?
    /// The operations that it had no receipt for.
    public var pending: Int64 = 0
    /// The program that it runs.
    public var software = ""
    /// What its clock was off when it wrote the last bundle.
    public var clock: ClockSkew?
    /// What of central's records it holds at its cursor.
    public var coverage: Coverage?
    /// The entities that it wishes to receive; nil for all.
    public var subscription: [String]?
    /// Its last bundle, where that was refused: for whoever looks; `put` passes over it.
    public var refused: RefusedBundle?

    /// A terminal that has sent nothing.
    public init(node: NodeID, store: NodeID, journal: UniqueID, enrolled: Int64) {
        self.node = node
        self.store = store
        self.journal = journal
        self.enrolled = enrolled
    }
}

/// A conflict as central keeps it. Values are JSON texts.
public struct ConflictRow: Sendable {
    /// Its number.
    public var number: Int64 = 0
    /// What kind it is: a `ConflictKind`.
    public var kind: String
    /// Where it stands: `open`, `decided`, `reopened`.
    public var state: String
    /// The record.
    public var entity: String
    /// The store of the record; empty where its entity is not per store.
    public var store: String
    /// The record's id at central.
    public var id: String
    /// The field; nil where it is about the whole record.
    public var field: String?
    /// What both started from.
    public var base: String?
    /// What central had.
    public var central: String?
    /// Who had set it there: a node.
    public var centralNode: String?
    /// When, in milliseconds since 1970.
    public var centralTime: Int64?
    /// What came in.
    public var incoming: String?
    /// The node that it came from.
    public var node: String
    /// The operator.
    public var by: String?
    /// When it was recorded, in milliseconds since 1970.
    public var time: Int64
    /// The journal's code and the operation's number.
    public var journal: Int32
    /// The operation's number in its journal.
    public var seq: Int64
    /// The change that the operation became.
    public var csn: Int64
    /// The rule that decided, or what is wrong.
    public var rule: String
    /// Why the rule decided as it did, where that is not plain from the times and nodes.
    public var reason: String?
    /// What stands now.
    public var decided: String?
    /// Who decided, where a person did.
    public var decidedBy: String?
    /// When a person decided, in milliseconds since 1970.
    public var decidedAt: Int64?
    /// How often a person has decided.
    public var revision: Int64 = 0

    /// A conflict.
    public init(
        kind: String, state: String, entity: String, store: String, id: String, node: String, time: Int64,
        journal: Int32,
        seq: Int64, csn: Int64, rule: String
    ) {
        self.kind = kind
        self.state = state
        self.entity = entity
        self.store = store
        self.id = id
        self.node = node
        self.time = time
        self.journal = journal
        self.seq = seq
        self.csn = csn
        self.rule = rule
    }
}

extension ConflictRow {
    /// Whether it is about the sum of a counter, which was booked, as against a value.
    public var isOversell: Bool {
        kind == ConflictKind.constraint.rawValue
            && (rule.hasPrefix(MergeConflict.belowMinimum) || rule.hasPrefix(MergeConflict.aboveMaximum))
    }

    /// Whether it is about a value of a fact, which was booked although it breaks a rule.
    public var isBooked: Bool {
        ConflictKind(rawValue: kind)?.isAboutOneSide == true && field != nil && incoming != nil && decided == incoming
            && !isOversell
    }
}

/// A business day that a terminal closed.
public struct DayRow: Sendable {
    /// The terminal.
    public var node: NodeID
    /// The day, `2026-11-20`.
    public var day: String
    /// Which close of the day, from 1, in the order in which central received them.
    public var part: Int64
    /// When central received it, in milliseconds since 1970.
    public var received: Int64
    /// The operations, as the terminal counted them.
    public var operations: Int64
    /// The totals, as the terminal added them up.
    public var claimed: ControlTotals
    /// The totals, as central added them up.
    public var found: ControlTotals
    /// Whether operations and totals agree.
    public var agrees: Bool

    /// A day.
    public init(
        node: NodeID, day: String, part: Int64, received: Int64, operations: Int64, claimed: ControlTotals,
        found: ControlTotals, agrees: Bool
    ) {
        self.node = node
        self.day = day
        self.part = part
        self.received = received
        self.operations = operations
        self.claimed = claimed
        self.found = found
        self.agrees = agrees
    }
}

/// An exchange, merge, refusal or decision, in the store's history.
public struct EventRow: Sendable {
    /// When, in milliseconds since 1970.
    public var time: Int64
    /// `merge`, `refuse`, `return`, `enroll`, `resolve`, `policy` …
    public var kind: String
    /// The node concerned.
    public var node: String?
    /// The bundle's file name.
    public var bundle: String?
    /// Details as JSON.
    public var details: JSONValue

    /// An event.
    public init(time: Int64, kind: String, node: String? = nil, bundle: String? = nil, details: JSONValue = [:]) {
        self.time = time
        self.kind = kind
        self.node = node
        self.bundle = bundle
        self.details = details
    }
}

/// A record as central has it.
public struct RecordRow: Sendable {
    /// The store's number of it.
    public var rid: Int64
    /// The entity.
    public var entity: String
    /// Its store; empty where the entity is not per store.
    public var store: String
    /// Its id.
    public var id: String
    /// Its last change.
    public var csn: Int64
    /// Whether it lives.
    public var lives: Bool
    /// The fields.
    public var fields: [Field]

    /// A record.
    public init(rid: Int64, entity: String, store: String, id: String, csn: Int64, lives: Bool, fields: [Field]) {
        self.rid = rid
        self.entity = entity
        self.store = store
        self.id = id
        self.csn = csn
        self.lives = lives
        self.fields = fields
    }
}
