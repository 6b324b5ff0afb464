import GRDB
import NightdropFormats
import NightdropModel

extension TerminalDatabase {
    /// Makes the views those of a policy.
    public func use(_ policy: Policy) throws {
        try write { db in try TerminalViews.replace(db, policy) }
    }

    /// Remembers that bundles were written, and what they state of this terminal.
    public func exported(_ bundle: String, stating statement: String, at time: Int64) throws {
        try write { db in
            let update = try SQLStatement(db, "UPDATE _terminal SET exported = ?, exchanged = ?, error = NULL")
            update.bind(1, statement)
            update.bind(2, time)
            try update.run()
            try TerminalDatabase.remember("exported", bundle, "", at: time, in: db)
        }
    }

    /// Forgets which cursor central knows of, so that the next export says it again. `time` is that of the return that
    /// asks for it.
    public func exportRequested(at time: Int64) throws {
        try write { db in
            let statement = try SQLStatement(db, "UPDATE _terminal SET exported = NULL, seen = max(seen, ?)")
            statement.bind(1, time)
            try statement.run()
        }
    }

    /// When a bundle was last written, in milliseconds since 1970; nil if none was.
    public func lastExport() throws -> Int64? {
        try read { reader in
            let statement = try SQLStatement(
                reader.db, "SELECT at FROM _history WHERE kind = 'exported' ORDER BY id DESC LIMIT 1")
            defer { statement.reset() }
            return try statement.step() ? statement.integer(0) : nil
        }
    }

    /// Remembers what went wrong with a bundle.
    public func failed(_ bundle: String, _ error: String, at time: Int64) throws {
        try write { db in
            let statement = try SQLStatement(db, "UPDATE _terminal SET error = ?")
            statement.bind(1, error)
            try statement.run()
            try TerminalDatabase.remember("refused", bundle, error, at: time, in: db)
        }
    }

    /// Forgets what went wrong with a bundle: nothing is wrong any more.
    public func recovered() throws {
        try write { db in try SQLStatement(db, "UPDATE _terminal SET error = NULL").run() }
    }

    private static func remember(
        _ kind: String, _ bundle: String, _ details: String, at time: Int64, in db: Database
    ) throws {
        let statement = try SQLStatement(db, "INSERT INTO _history (at, kind, bundle, details) VALUES (?, ?, ?, ?)")
        statement.bind(1, time)
        statement.bind(2, kind)
        statement.bind(3, bundle)
        statement.bind(4, details)
        try statement.run()
    }
}
