import NightdropModel

/// What kind of disagreement a conflict is.
public enum ConflictKind: String, Sendable, CaseIterable {
    /// Two values for one field.
    case field
    /// Two creates of one id, decided field by field.
    case createCreate = "create-create"
    /// One deletes what the other changes.
    case deleteUpdate = "delete-update"
    /// Two creates of one id; both records stay.
    case duplicate
    /// A value breaks a bound, such as stock below its minimum.
    case constraint
    /// What the policy does not allow, or what makes no sense here, such as a change of an unknown record.
    case validation
    /// A change by somebody who may not make it.
    case permission
    /// Two values for one field, decided because one's time cannot be right.
    case clock
    /// What no journal brings again after head office was restored.
    case lost

    /// Whether it is about what one side did, rather than about two values.
    public var isAboutOneSide: Bool {
        switch self {
        case .constraint, .validation, .permission, .lost: true
        case .field, .createCreate, .deleteUpdate, .duplicate, .clock: false
        }
    }
}

/// Where a conflict stands.
public enum ConflictState: String, Sendable, CaseIterable {
    /// It waits for a person.
    case open
    /// A rule or a person has decided.
    case decided
    /// A later operation disagrees with a person's decision.
    case reopened
}

/// A conflict that a merge found. Values are JSON; an absent one is empty.
public struct MergeConflict {
    /// The reason of a `validation` conflict beside a fact that was taken although its create has not come.
    public static let changedBeforeCreated = "changed before it was created"
    /// The reason of a `validation` conflict about a counter that was given something else.
    public static let notANumber = "a counter takes numbers of at most 34 digits only"
    /// How the reason of a `constraint` conflict begins that is about the sum of a counter.
    public static let belowMinimum = "below the minimum of"
    /// The same, for the other bound.
    public static let aboveMaximum = "above the maximum of"
    /// What decided a conflict that an operation closed which had seen central's value.
    public static let laterChange = "a later change"

    /// What kind it is.
    public var kind: ConflictKind
    /// Where it stands.
    public var state: ConflictState
    /// The operation that came in, an index into the batch's.
    public var operation: Int
    /// The record, a slot of the batch; -1 where central has none.
    public var slot: Int32
    /// The field as written in operations; empty where it is about the whole record.
    public var field: Bytes
    /// What both started from, as far as the operation says.
    public var base: Bytes
    /// What central had.
    public var central: Bytes
    /// By whom central had it; nil where nobody had.
    public var centralClock: FieldClock?
    /// What came in.
    public var incoming: Bytes
    /// The rule that decided, or what is wrong.
    public var rule: String
    /// Why the rule decided as it did, where that is not plain from the times and nodes.
    public var reason: String?
    /// What stands now; empty where nothing came of it yet. An open conflict beside something that was applied has it.
    public var decided: Bytes
    /// The number of the stored conflict that this one continues; 0 for a new one.
    public var number: Int64
}

/// A conflict of the store about a record that is part of a merge.
public struct StoredConflict: Sendable {
    /// Its number.
    public var number: Int64
    /// What kind it is.
    public var kind: ConflictKind
    /// The field as written in operations; empty where it is about the whole record.
    public var field: [UInt8]
    /// The code of the journal that its incoming value came from.
    public var journal: Int32
    /// Where it stands.
    public var state: ConflictState
    /// The change that its incoming value became.
    public var csn: Int64

    /// A stored conflict.
    public init(number: Int64, kind: ConflictKind, field: [UInt8], journal: Int32, state: ConflictState, csn: Int64) {
        self.number = number
        self.csn = csn
        self.kind = kind
        self.field = field
        self.journal = journal
        self.state = state
    }
}

/// A conflict that an operation settles: one that has seen central's value, or a person's decision.
public struct ConflictClosure {
    /// The conflict's number in the store.
    public var number: Int64
    /// The operation, an index into the batch's.
    public var operation: Int
    /// The value that it sets.
    public var decided: Bytes
    /// Whether a person decided.
    public var byPerson: Bool
}

/// A journal's own name for a record that bears another one at central, because another record had its id first.
public struct RecordAlias: Sendable, Equatable {
    /// The code of the journal.
    public var journal: Int32
    /// The entity.
    public var entity: String
    /// The store; empty for none.
    public var store: String
    /// The id that the journal uses, as written in operations.
    public var id: [UInt8]
    /// The id at central, as written in operations.
    public var target: [UInt8]
    /// The change that made it.
    public var csn: Int64

    /// An alias.
    public init(journal: Int32, entity: String, store: String, id: [UInt8], target: [UInt8], csn: Int64) {
        self.journal = journal
        self.entity = entity
        self.store = store
        self.id = id
        self.target = target
        self.csn = csn
    }
}
