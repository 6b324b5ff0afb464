extension CentralSchema {
    /// A record whose tombstone was removed keeps its number and the head of its changes, so that its history can be told.
    static let historyTables = """
        CREATE TABLE _buried (
            rid INTEGER PRIMARY KEY, entity INTEGER NOT NULL, store INTEGER NOT NULL, id TEXT NOT NULL,
            head INTEGER NOT NULL);
        CREATE INDEX _buried_key ON _buried (entity, store, id);
        CREATE INDEX _record_tombstone ON _record (csn) WHERE lives = 0;
        CREATE TABLE _undo (
            number INTEGER PRIMARY KEY, bundle TEXT NOT NULL, undoes INTEGER, "by" TEXT NOT NULL, at INTEGER NOT NULL,
            state TEXT NOT NULL, operations INTEGER NOT NULL DEFAULT 0);
        """

    /// What a restored store needs: up to where a till's bases count, how far head office's own journal was at a merge, and
    /// which of its lost operations tills have brought back.
    static let restoreTables = """
        ALTER TABLE _segment ADD COLUMN last_base INTEGER;
        ALTER TABLE _merge ADD COLUMN own INTEGER;
        CREATE TABLE _lost (journal INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (journal, seq)) WITHOUT ROWID;
        CREATE INDEX _conflict_lost ON _conflict (entity, store, id) WHERE kind = 'lost';
        """

    /// What a merge depended on besides the operations, so that it can be made again.
    static let replayTables = """
        ALTER TABLE _merge ADD COLUMN policy INTEGER;
        CREATE TABLE _answer (
            csn INTEGER NOT NULL, field TEXT NOT NULL, value TEXT, failure TEXT, PRIMARY KEY (csn, field)) WITHOUT ROWID;
        """
}
