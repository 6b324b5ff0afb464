import GRDB

/// The tables of a terminal's store. Their names begin with `_`, as no entity's can; the views bear the entities' names.
enum TerminalSchema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("terminal/1") { db in try db.execute(sql: tables) }
        migrator.registerMigration("terminal/key-refusal") { db in try db.execute(sql: keyRefusal) }
        migrator.registerMigration("terminal/notice-state") { db in
            try db.execute(sql: "ALTER TABLE _notice ADD COLUMN state TEXT")
        }
        return migrator
    }()

    /// `at` is when head office last said whether it refuses this terminal's key, in milliseconds since 1970.
    private static let keyRefusal = """
        CREATE TABLE _key_refusal (
            one INTEGER PRIMARY KEY CHECK (one = 1), fingerprint TEXT, at INTEGER NOT NULL);
        INSERT INTO _key_refusal (one, at) VALUES (1, 0);
        """

    /// `_record.data` is what the terminal shows. While operations are pending on a record, `confirmed` and
    /// `confirmed_lives` are what lies under them (NULL if nothing does); without, they are NULL and `data` is confirmed.
    /// `csn` is NULL where central keeps no copy here up to date. `snapshot` is the run of the last snapshot that held the
    /// record.
    private static let tables = """
        CREATE TABLE _terminal (
            one INTEGER PRIMARY KEY CHECK (one = 1), journal TEXT, journal_code INTEGER NOT NULL, seq INTEGER NOT NULL,
            generation INTEGER NOT NULL, epoch TEXT, csn INTEGER, merge TEXT, receipt TEXT, policy TEXT,
            coverage TEXT, seen INTEGER NOT NULL, exported TEXT, exchanged INTEGER, error TEXT);
        INSERT INTO _terminal (one, journal_code, seq, generation, seen) VALUES (1, 0, 0, 0, 0);
        CREATE TABLE _entity (
            code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, pending INTEGER NOT NULL DEFAULT 0,
            synced INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE _record (
            rid INTEGER PRIMARY KEY, entity INTEGER NOT NULL, id TEXT NOT NULL, store TEXT, lives INTEGER NOT NULL,
            csn INTEGER, pending INTEGER NOT NULL, confirmed_lives INTEGER, snapshot INTEGER, data TEXT NOT NULL,
            confirmed TEXT);
        CREATE UNIQUE INDEX _record_key ON _record (entity, id);
        CREATE TABLE _pending (
            journal INTEGER NOT NULL, seq INTEGER NOT NULL, rid INTEGER NOT NULL, line TEXT NOT NULL,
            PRIMARY KEY (journal, seq)) WITHOUT ROWID;
        CREATE INDEX _pending_record ON _pending (rid);
        CREATE TABLE _key (key TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE _notice (
            number INTEGER PRIMARY KEY, kind TEXT NOT NULL, at INTEGER NOT NULL, entity TEXT NOT NULL, id TEXT NOT NULL,
            seq INTEGER, text TEXT NOT NULL);
        CREATE TABLE _history (
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, bundle TEXT NOT NULL, details TEXT NOT NULL);
        """
}
