import NightdropModel

/// What checking head office's store has shown.
public struct StoreVerification: Sendable {
    /// Something that does not add up.
    public struct Problem: Sendable {
        /// What it is about.
        public enum Kind: String, Sendable {
            /// The database file.
            case database
            /// The change log.
            case log
            /// The segments as they came.
            case archive
            /// What is known of a journal.
            case journal
            /// A close of day.
            case day
            /// The balance of a counter.
            case counter
        }

        /// What it is about.
        public let kind: Kind
        /// The record, where it is about one.
        public var entity: String?
        /// Its store.
        public var store: String?
        /// Its id.
        public var id: String?
        /// The field.
        public var field: String?
        /// What it should be.
        public var expected: String?
        /// What it is.
        public var found: String?
        /// A sentence.
        public let text: String

        init(_ kind: Kind, _ text: String) {
            self.kind = kind
            self.text = text
        }
    }

    /// The changes that were looked at.
    public internal(set) var changes: Int64 = 0
    /// The segments whose bytes were hashed.
    public internal(set) var segments: Int64 = 0
    /// The balances of counters that were compared.
    public internal(set) var counters: Int64 = 0
    /// The balances that could not be: those of records that are older than their field's being a counter.
    public internal(set) var unproven: Int64 = 0
    /// The days whose totals were added up again.
    public internal(set) var days: Int64 = 0
    /// What does not add up, the first thousand.
    public private(set) var problems: [Problem] = []
    /// How many problems there are.
    public private(set) var problemCount: Int64 = 0

    /// Nothing was looked at yet.
    public init() {}

    private static let mostProblems = 1000

    mutating func note(_ problem: Problem) {
        problemCount += 1
        if problems.count < StoreVerification.mostProblems { problems.append(problem) }
    }
}

/// How far the check of a store is.
public struct VerificationProgress: Sendable {
    /// How much is done, between 0 and 1.
    public var fraction: Double
    /// What is being done.
    public var what: String
}
