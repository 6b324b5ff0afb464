/// A field's value, as JSON text. Numbers are kept as written.
public struct FieldValue: Sendable, Hashable {
    /// Well-formed JSON without line ends.
    public let json: String

    /// A value whose JSON has been checked already.
    public init(checkedJSON json: String) { self.json = json }

    /// `null`
    public static let null = FieldValue(checkedJSON: "null")
    /// A number.
    public static func decimal(_ value: ExactDecimal) -> FieldValue { FieldValue(checkedJSON: value.text) }
    /// A whole number.
    public static func integer(_ value: Int64) -> FieldValue { FieldValue(checkedJSON: String(value)) }
    /// `true` or `false`
    public static func boolean(_ value: Bool) -> FieldValue { FieldValue(checkedJSON: value ? "true" : "false") }

    /// The number, if it is one within the limits.
    public var decimal: ExactDecimal? { ExactDecimal(json) }
}

/// A named value.
public struct Field: Sendable, Hashable {
    /// 1 to 256 bytes.
    public let name: String
    /// Its value.
    public let value: FieldValue

    /// A field.
    public init(_ name: String, _ value: FieldValue) {
        self.name = name
        self.value = value
    }
}

/// What a caller wants recorded: an operation before it has a number and a time.
public struct OperationDraft: Sendable, Equatable {
    /// What it is about.
    public var entity: String
    /// The record's id, the application's own text.
    public var id: String
    /// What it does.
    public var action: Action
    /// The fields that change, with their new values.
    public var set: [Field]
    /// Their values when the caller read the record; nil to have the present ones filled in.
    public var was: [Field]?
    /// Increments of counters.
    public var add: [Field]
    /// The `base` that the caller read with the record; nil to have the present one filled in.
    public var base: Int64?
    /// At head office, for records that belong to a store: which store.
    public var store: String?
    /// The caller's own name for this commit, for safe retries.
    public var key: String?
    /// The operator.
    public var by: String?

    /// A draft.
    public init(
        _ action: Action, _ entity: String, id: String, set: [Field] = [], add: [Field] = [], was: [Field]? = nil,
        base: Int64? = nil, store: String? = nil, key: String? = nil, by: String? = nil
    ) {
        self.entity = entity
        self.id = id
        self.action = action
        self.set = set
        self.was = was
        self.add = add
        self.base = base
        self.store = store
        self.key = key
        self.by = by
    }
}
