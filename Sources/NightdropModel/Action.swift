/// What an operation does to its record.
public enum Action: UInt8, Sendable, CaseIterable {
    /// Makes a record.
    case create
    /// Changes fields of a record.
    case update
    /// Ends a record; a tombstone stays.
    case delete

    /// The word in the journal.
    public var name: String {
        switch self {
        case .create: "create"
        case .update: "update"
        case .delete: "delete"
        }
    }

    /// The action of a word in the journal.
    public init?(name: String) {
        guard let action = Action.allCases.first(where: { $0.name == name }) else { return nil }
        self = action
    }
}
