/// Keeping what was lost with an earlier life of the store, and tills have brought back.
public protocol CentralLostWriter {
    /// Remembers an operation of head office that was lost. False if it was remembered already.
    func noteLost(journal: Int32, seq: Int64) throws -> Bool
    /// The conflicts of kind `lost` about a record, by number.
    func lostConflicts(entity: String, store: String, id: String) throws -> [ConflictRow]
    /// Adds a conflict of kind `lost` that waits for a person, or, if it has a number, writes what it shows now.
    func put(lost row: ConflictRow) throws
}
