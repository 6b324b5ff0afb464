import NightdropFormats
import NightdropModel

/// What an export wrote.
public struct Exported: Sendable, Equatable {
    /// The bundle of the present journal, its first part if it was split; nil if there was nothing to tell central.
    public var bundle: String?
    /// Every file written: parts, and the bundles of earlier journals.
    public var files: [String]
    /// The first operation in the bundle.
    public var first: Int64
    /// The last one.
    public var last: Int64
    /// How many.
    public var operations: Int64
    /// The days closed in it.
    public var days: [DayClose]

    /// An export that wrote nothing.
    public init(
        bundle: String? = nil, files: [String] = [], first: Int64 = 0, last: Int64 = 0, operations: Int64 = 0,
        days: [DayClose] = []
    ) {
        self.bundle = bundle
        self.files = files
        self.first = first
        self.last = last
        self.operations = operations
        self.days = days
    }

    /// As the command line prints it.
    public var json: JSONValue {
        [
            "bundle": .optional(bundle), "first": .integer(first), "last": .integer(last),
            "operations": .integer(operations),
            "days": .array(days.map { ["day": .string($0.day), "totals": $0.totals.json] }),
        ]
    }
}
