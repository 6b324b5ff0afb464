import GRDB

/// The tables of central's store. Their names begin with `_`, as no entity's can; the views bear the entities' names.
enum CentralSchema {
    static let version = 1

    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("central/1") { db in try db.execute(sql: tables) }
        migrator.registerMigration("central/history") { db in try db.execute(sql: historyTables) }
        migrator.registerMigration("central/2") { db in
            try db.execute(sql: "ALTER TABLE _conflict ADD COLUMN reason TEXT")
        }
        migrator.registerMigration("central/replay") { db in try db.execute(sql: replayTables) }
        migrator.registerMigration("central/restore") { db in try db.execute(sql: restoreTables) }
        migrator.registerMigration("central/notice-state") { db in
            try db.execute(sql: "ALTER TABLE _notice ADD COLUMN state TEXT")
        }
        return migrator
    }()

    /// `_change.previous` chains the changes of a record, whose `head` is the last; so its history needs no index.
    private static let tables = """
        CREATE TABLE _setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE _entity (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, reach TEXT NOT NULL);
        CREATE TABLE _store (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        INSERT INTO _store VALUES (0, '');
        CREATE TABLE _journal (
            code INTEGER PRIMARY KEY, journal TEXT NOT NULL UNIQUE, node TEXT NOT NULL, store TEXT, central INTEGER NOT NULL,
            follows TEXT, follows_seq INTEGER, follows_hash TEXT, seq INTEGER NOT NULL, hash TEXT NOT NULL,
            segment INTEGER NOT NULL, segment_hash TEXT NOT NULL, operations INTEGER NOT NULL, totals TEXT NOT NULL,
            since_close TEXT NOT NULL);
        CREATE TABLE _bundle (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, node TEXT NOT NULL, journal INTEGER NOT NULL, at INTEGER NOT NULL);
        CREATE TABLE _segment (
            id INTEGER PRIMARY KEY, journal INTEGER NOT NULL, number INTEGER NOT NULL, first INTEGER NOT NULL,
            last INTEGER NOT NULL, hash TEXT NOT NULL, file TEXT, offset INTEGER NOT NULL, length INTEGER NOT NULL,
            bundle INTEGER, UNIQUE (journal, number));
        CREATE TABLE _archive (file TEXT PRIMARY KEY, length INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE _record (
            rid INTEGER PRIMARY KEY, entity INTEGER NOT NULL, store INTEGER NOT NULL, id TEXT NOT NULL, reach INTEGER,
            csn INTEGER NOT NULL, head INTEGER NOT NULL, lives INTEGER NOT NULL, conflicts INTEGER, data TEXT NOT NULL,
            clocks TEXT NOT NULL);
        CREATE UNIQUE INDEX _record_key ON _record (entity, store, id);
        CREATE INDEX _record_reach ON _record (reach, entity, csn) WHERE reach IS NOT NULL;
        CREATE TABLE _change (
            csn INTEGER PRIMARY KEY, rid INTEGER, previous INTEGER, segment INTEGER NOT NULL, offset INTEGER NOT NULL);
        CREATE TABLE _merge (csn INTEGER PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL);
        CREATE TABLE _alias (
            journal INTEGER NOT NULL, entity TEXT NOT NULL, store TEXT NOT NULL, id TEXT NOT NULL, target TEXT NOT NULL,
            csn INTEGER NOT NULL);
        CREATE INDEX _alias_journal ON _alias (journal, csn);
        CREATE TABLE _conflict (
            number INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, rid INTEGER, entity TEXT NOT NULL,
            store TEXT NOT NULL, id TEXT NOT NULL, field TEXT, base TEXT, central TEXT, central_node TEXT,
            central_time INTEGER, incoming TEXT, node TEXT NOT NULL, "by" TEXT, time INTEGER NOT NULL,
            journal INTEGER NOT NULL, seq INTEGER NOT NULL, csn INTEGER NOT NULL, rule TEXT NOT NULL, decided TEXT,
            decided_by TEXT, decided_at INTEGER, revision INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX _conflict_record ON _conflict (rid);
        CREATE INDEX _conflict_open ON _conflict (number) WHERE state <> 'decided';
        CREATE TABLE _notice (
            number INTEGER PRIMARY KEY, node TEXT NOT NULL, csn INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
            entity TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER, text TEXT NOT NULL);
        CREATE INDEX _notice_node ON _notice (node, csn);
        CREATE TABLE _terminal (
            node TEXT PRIMARY KEY, store TEXT NOT NULL, journal TEXT NOT NULL, enrolled INTEGER NOT NULL,
            seen INTEGER NOT NULL, epoch TEXT, csn INTEGER, merge TEXT, pending INTEGER NOT NULL, software TEXT NOT NULL,
            clock_least INTEGER, clock_most INTEGER, coverage TEXT, subscription TEXT) WITHOUT ROWID;
        CREATE TABLE _day (
            node TEXT NOT NULL, day TEXT NOT NULL, part INTEGER NOT NULL, received INTEGER NOT NULL,
            operations INTEGER NOT NULL, claimed TEXT NOT NULL, found TEXT NOT NULL, agrees INTEGER NOT NULL,
            PRIMARY KEY (day, node, part)) WITHOUT ROWID;
        CREATE TABLE _event (
            id INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, node TEXT, bundle TEXT,
            details TEXT NOT NULL);
        """
}
