/// Which conflicts to look at. What is nil does not matter; what is given must hold, all of it.
public struct ConflictFilter: Sendable, Equatable {
    /// Also those that are decided, where `state` names none.
    public var all: Bool
    /// Their state: `open`, `decided`, `reopened`.
    public var state: String?
    /// What kind they are.
    public var kind: String?
    /// The record's entity.
    public var entity: String?
    /// The field that they are about.
    public var field: String?
    /// The store that the record or the till belongs to.
    public var store: String?
    /// The till that the incoming operation came from.
    public var terminal: String?
    /// The change behind which their operations came in.
    public var after: Int64?

    /// A filter.
    public init(
        all: Bool = false, state: String? = nil, kind: String? = nil, entity: String? = nil, field: String? = nil,
        store: String? = nil, terminal: String? = nil, after: Int64? = nil
    ) {
        self.all = all
        self.state = state
        self.kind = kind
        self.entity = entity
        self.field = field
        self.store = store
        self.terminal = terminal
        self.after = after
    }
}

/// What stands now in the place that a conflict is about, and who put it there.
public struct PresentValue: Sendable, Equatable {
    /// The value as JSON; of a conflict about whether the record lives, `true` or `false`.
    public var value: String
    /// The node that gave it.
    public var node: String?
    /// When, in milliseconds since 1970.
    public var time: Int64

    /// A value.
    public init(value: String, node: String?, time: Int64) {
        self.value = value
        self.node = node
        self.time = time
    }
}

extension CentralReader {
    /// Conflicts, by number: all, or those that wait for a person.
    public func conflicts(all: Bool, _ body: (ConflictRow) throws -> Void) throws {
        try conflicts(ConflictFilter(all: all), body)
    }
}
