import GRDB

/// What head office says of this terminal's key.
extension TerminalDatabase {
    /// Remembers whether head office refuses a key, given by its fingerprint; nil if it refuses none. `time` is when head
    /// office said so: what it said before the last time is passed over.
    public func keyRefused(_ fingerprint: String?, at time: Int64) throws {
        try write { db in
            let statement = try SQLStatement(db, "UPDATE _key_refusal SET fingerprint = ?1, at = ?2 WHERE at < ?2")
            statement.bind(1, fingerprint)
            statement.bind(2, time)
            try statement.run()
        }
    }
}

extension TerminalReader {
    /// The fingerprint of the key that head office refuses; nil if it refuses none.
    public func refusedKey() throws -> String? {
        let statement = try SQLStatement(db, "SELECT fingerprint FROM _key_refusal")
        defer { statement.reset() }
        return try statement.step() ? statement.optionalText(0) : nil
    }
}
