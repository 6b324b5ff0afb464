import NightdropModel

/// What a return bundle says besides the changes: from which cursor to which, and what central holds of the journal.
public struct ReturnFacts: Sendable, Equatable {
    /// The terminal's journal that it answers.
    public var journal: UniqueID
    /// The cursor that the changes start from; nil for a snapshot.
    public var start: Cursor?
    /// The cursor that they lead to.
    public var reach: Cursor
    /// The merge transactions between, in order: where they ended, and their ids. The last is `reach`'s.
    public var transactions: [MergeTransaction]
    /// The epochs that this one succeeds.
    public var succeeds: [SucceededEpoch]
    /// What central holds.
    public var receipt: Receipt
    /// What the terminal shall do.
    public var directives: [Directive]
    /// What the terminal's confirmed state covers afterwards, under the policy that comes along.
    public var coverage: Coverage
    /// What it must cover before: the changes are relative to that; nil for a snapshot.
    public var basis: Coverage?
    /// The entities that are sent whole, sorted: their lines replace all that was confirmed of them. One without lines is
    /// one that the terminal no longer receives.
    public var whole: [String]

    /// Return facts.
    public init(
        journal: UniqueID, start: Cursor?, reach: Cursor, transactions: [MergeTransaction],
        succeeds: [SucceededEpoch],
        receipt: Receipt, directives: [Directive], coverage: Coverage, basis: Coverage? = nil, whole: [String] = []
    ) {
        self.journal = journal
        self.start = start
        self.reach = reach
        self.transactions = transactions
        self.succeeds = succeeds
        self.receipt = receipt
        self.directives = directives
        self.coverage = coverage
        self.basis = basis
        self.whole = whole
    }
}

/// A merge transaction of central: a point at which a cursor may stand.
public struct MergeTransaction: Sendable, Equatable {
    /// The last CSN it gave.
    public var csn: Int64
    /// Its random id, 16 hexadecimal digits.
    public var id: String

    /// A merge transaction.
    public init(csn: Int64, id: String) {
        self.csn = csn
        self.id = id
    }
}

/// Central's signed statement of what it holds of a journal. Only what a receipt covers may ever be purged.
public struct Receipt: Sendable, Equatable {
    /// The last operation merged, with the hash of its line.
    public var position: JournalPosition
    /// The last segment held whole, and the hash of the chain there; nil if none.
    public var segment: (number: Int64, hash: ContentHash)?
    /// How many operations of the journal were merged.
    public var operations: Int64
    /// Their control totals.
    public var totals: ControlTotals
    /// The ends of other branches of a forked journal.
    public var branches: [JournalPosition]

    /// A receipt.
    public init(
        position: JournalPosition, segment: (number: Int64, hash: ContentHash)?, operations: Int64,
        totals: ControlTotals, branches: [JournalPosition] = []
    ) {
        self.position = position
        self.segment = segment
        self.operations = operations
        self.totals = totals
        self.branches = branches
    }

    /// Whether both state the same.
    public static func == (left: Receipt, right: Receipt) -> Bool {
        left.position == right.position && left.segment?.number == right.segment?.number
            && left.segment?.hash == right.segment?.hash && left.operations == right.operations
            && left.totals == right.totals && left.branches == right.branches
    }
}

/// What central asks of a terminal.
public enum Directive: Sendable, Equatable {
    /// Send the journal again from a number on.
    case sendAgain(from: Int64)
    /// Write no more into this journal, begin a new one.
    case journalEnded(UniqueID)
    /// Export soon.
    case exchange
    /// Know that bundles signed with this key, by its fingerprint, are refused.
    case keyRefused(String)

    /// As JSON: an object with one member.
    public var json: JSONValue {
        switch self {
        case .sendAgain(let from): ["sendAgain": .integer(from)]
        case .journalEnded(let journal): ["journalEnded": .string(journal.text)]
        case .exchange: ["exchange": true]
        case .keyRefused(let fingerprint): ["keyRefused": .string(fingerprint)]
        }
    }

    /// From JSON; nil for a directive that this version does not know, which it passes over.
    public init?(_ json: JSONValue) {
        if let from = json["sendAgain"]?.integer {
            self = .sendAgain(from: from)
        } else if let journal = json["journalEnded"]?.text.flatMap(UniqueID.init) {
            self = .journalEnded(journal)
        } else if json["exchange"]?.bool == true {
            self = .exchange
        } else if let fingerprint = json["keyRefused"]?.text {
            self = .keyRefused(fingerprint)
        } else {
            return nil
        }
    }
}
