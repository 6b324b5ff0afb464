/// Which entities there are, which way they travel, and how disagreements about them are decided.
public struct Policy: Sendable, Equatable {
    /// Grows with every change; a changed policy with an unchanged version is an error.
    public var version: Int
    /// The organisation that all nodes belong to.
    public var organisation: String
    /// The entities named in the policy, in its order.
    public private(set) var entities: [EntityPolicy]
    private var indexByName: [String: Int]

    /// A policy; a later entity of the same name replaces an earlier one.
    public init(version: Int, organisation: String, entities: [EntityPolicy]) {
        self.version = version
        self.organisation = organisation
        self.entities = []
        indexByName = [:]
        for entity in entities {
            if let index = indexByName[entity.name] {
                self.entities[index] = entity
            } else {
                indexByName[entity.name] = self.entities.count
                self.entities.append(entity)
            }
        }
    }

    /// The rules for an entity; for one that the policy does not name, the defaults: carried both ways, unchanged.
    public func entity(_ name: String) -> EntityPolicy {
        indexByName[name].map { entities[$0] } ?? EntityPolicy(name: name)
    }

    /// Whether the policy names the entity.
    public func names(_ entity: String) -> Bool { indexByName[entity] != nil }
}

/// Which way the changes of an entity travel.
public enum Direction: String, Sendable, CaseIterable {
    /// Terminal to central only: facts.
    case up
    /// Central writes, terminals read.
    case down
    /// Both ways.
    case both
}

/// To whom the records of an entity belong.
public enum Scope: String, Sendable, CaseIterable {
    /// Every terminal sees every record.
    case all
    /// A record belongs to one store: the identity is entity, store, id.
    case store
}

/// Who may write an entity or a field.
public enum Writers: String, Sendable, CaseIterable {
    /// Terminals and head office.
    case all
    /// Head office only.
    case central
}

/// What a create of an id means that exists already and was not seen.
public enum DuplicateRule: String, Sendable, CaseIterable {
    /// Both records stay; the second gets a suffix.
    case keepBoth = "keep-both"
    /// One record, decided field by field.
    case merge
}

/// How two concurrent values of one field become one.
public enum MergeRule: String, Sendable, CaseIterable {
    /// The later one, doubtful clocks aside.
    case lastWriteWins = "last-write-wins"
    /// Head office's own, else what central has.
    case centralWins = "central-wins"
    /// The incoming one.
    case terminalWins = "terminal-wins"
    /// Central's value stays until a person decides.
    case manual
    /// Increments are added.
    case counter
    /// The larger one.
    case max
    /// The smaller one.
    case min
    /// The elements of both lists.
    case union
    /// A program decides.
    case hook
}

/// What kind of value a field holds.
public enum FieldType: String, Sendable, CaseIterable {
    /// A JSON string.
    case text
    /// A whole number.
    case integer
    /// A number.
    case decimal
    /// `true` or `false`.
    case boolean
    /// `2026-11-20`.
    case date
    /// `17:59` or `17:59:03`.
    case time
    /// Any JSON.
    case json
}

/// The rules for one entity.
public struct EntityPolicy: Sendable, Equatable {
    /// `[A-Za-z][A-Za-z0-9_]{0,62}`.
    public var name: String
    /// Which way its changes travel.
    public var direction = Direction.both
    /// To whom its records belong.
    public var scope = Scope.all
    /// 10 critical, 8–9 high, 5–7 medium, 3–4 low, 1 background.
    public var priority = 5
    /// The rule for fields that name none, and for whether a record lives.
    public var onConflict = MergeRule.lastWriteWins
    /// Nil means the default: facts keep both, others merge.
    public var onDuplicate: DuplicateRule?
    /// Records are never changed after they were made.
    public var immutable = false
    /// The field whose sum is a control total.
    public var controlTotal: String?
    /// Who may write it.
    public var writers = Writers.all
    /// The program that decides, for the rule `hook`.
    public var hook: String?
    /// The fields that the policy names, in its order.
    public var fields: [FieldPolicy] = []

    /// An entity with the default rules.
    public init(name: String) { self.name = name }

    /// Facts only travel up.
    public var isFact: Bool { direction == .up }
    /// What a create of an unseen existing id means.
    public var duplicates: DuplicateRule { onDuplicate ?? (isFact ? .keepBoth : .merge) }

    /// The rules for a field, if the policy names it.
    public func field(_ name: String) -> FieldPolicy? { fields.first { $0.name == name } }
    /// The merge rule that holds for a field.
    public func rule(for field: String) -> MergeRule { self.field(field)?.merge ?? onConflict }
}

/// The rules for one field.
public struct FieldPolicy: Sendable, Equatable {
    /// 1 to 256 bytes.
    public var name: String
    /// The kind of its values; nil allows any.
    public var type: FieldType?
    /// The merge rule; nil means the entity's.
    public var merge: MergeRule?
    /// A create must give it.
    public var required = false
    /// The smallest number allowed; for a counter, below it is a conflict of kind `constraint`.
    public var min: ExactDecimal?
    /// The largest number allowed.
    public var max: ExactDecimal?
    /// The most characters of a text.
    public var maxLength: Int?
    /// The values allowed, each as compact JSON.
    public var oneOf: [String]?
    /// A regular expression that the whole text must match.
    public var pattern: String?
    /// Not shown in logs and conflicts.
    public var sensitive = false
    /// Who may write it.
    public var writers = Writers.all
    /// The program that decides, for the rule `hook`.
    public var hook: String?

    /// A field without rules.
    public init(name: String) { self.name = name }
}
