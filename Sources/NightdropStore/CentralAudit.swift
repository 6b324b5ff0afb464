import NightdropModel

/// What can be asked of central's store in order to prove that it holds what came in.
public protocol CentralAudit {
    /// What the database finds wrong with its own file; empty if nothing.
    func integrityProblems() throws -> [String]
    /// What is wrong with the change log, and with the places of records and segments in it; empty if nothing.
    func logProblems() throws -> [String]
    /// Hands on all segments, by journal and number.
    func segments(_ body: (SegmentRow) throws -> Void) throws
    /// Hands on the change log in its order, and for each whether it is the first of its record.
    func changes(_ body: (LoggedChange, Bool) throws -> Void) throws
    /// How many changes and segments there are.
    func logSize() throws -> (changes: Int64, segments: Int64)
    /// Hands on all records of an entity, living or not, each with its fields as JSON.
    func balances(entity: String, _ body: (RecordRow) throws -> Void) throws
    /// The highest number of a record when a field became a counter; 0 if it always was one.
    func records(beforeCounter field: String, of entity: String) throws -> Int64
    /// An empty ledger, which goes with the value.
    func ledger() throws -> any CounterLedger
}

/// Adds up counters. Holds any number of them in little memory.
public protocol CounterLedger: AnyObject {
    /// Adds to the sum of a field of a record; nothing where the sum would have too many digits.
    func add(_ amount: ExactDecimal, to field: Int, of rid: Int64) throws
    /// The sum of a field of a record; zero where nothing was added.
    func sum(_ field: Int, of rid: Int64) throws -> ExactDecimal
}
