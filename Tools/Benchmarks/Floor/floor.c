// What SQLite itself needs for the rows that a merge writes, with the same settings, and nothing else: the same rows with the
// same schema; and the records in the schema of somebody who syncs with SQLite's session extension, as changesets. Each mode
// prints one JSON object.
//
//   floor trace STORE TRACE            notes in TRACE what STORE gained since the last call (the first call: nothing)
//   floor rows TRACE STORE             writes the traced rows into STORE, a transaction a batch
//   floor changesets TRACE STORE OUT   the same, leaving one SQLite changeset a batch as OUT.1, OUT.2 ...
//   floor peer STORE PEER              makes PEER with the records of STORE, keyed by what all nodes know of a record
//   floor peersets TRACE PEER OUT      writes the traced records into PEER, leaving one changeset a batch
//   floor apply OUT STORE              applies changesets to a STORE or PEER, a transaction each
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static void fail(sqlite3 *db, const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, db ? sqlite3_errmsg(db) : "");
    exit(1);
}

static void run(sqlite3 *db, const char *sql) {
    if (sqlite3_exec(db, sql, 0, 0, 0) != SQLITE_OK) fail(db, sql);
}

static sqlite3 *open_store(const char *path) {
    sqlite3 *db;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &db, flags, 0) != SQLITE_OK) fail(db, path);
    run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF;"
            "PRAGMA cache_size = -262144; PRAGMA temp_store = MEMORY;");
    return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, 0) != SQLITE_OK) fail(db, sql);
    return statement;
}

static double clock_seconds(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

typedef struct { double wall, cpu; } Stopwatch;

static Stopwatch watch_start(void) {
    return (Stopwatch){clock_seconds(CLOCK_MONOTONIC), clock_seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

static void watch_stop(Stopwatch start, Stopwatch *sum) {
    sum->wall += clock_seconds(CLOCK_MONOTONIC) - start.wall;
    sum->cpu += clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - start.cpu;
}

static void report(Stopwatch sum, long long operations) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"seconds\":%.6f,\"cpu\":%.6f,\"peak\":%lld,\"operations\":%lld}\n", sum.wall, sum.cpu,
           (long long)usage.ru_maxrss * 1024, operations);
}

// Rows in memory, so that reading them is no part of what is measured.

typedef struct {
    int type, length;
    long long integer;
    size_t text;
} Cell;

typedef struct {
    int columns;
    long long rows, room;
    Cell *cells;
    char *bytes;
    size_t used, size;
} Rows;

static void load(sqlite3_stmt *query, long long batch, Rows *rows) {
    rows->rows = 0;
    rows->used = 0;
    rows->columns = sqlite3_column_count(query);
    sqlite3_bind_int64(query, 1, batch);
    while (sqlite3_step(query) == SQLITE_ROW) {
        if (rows->rows == rows->room) {
            rows->room = rows->room ? rows->room * 2 : 4096;
            rows->cells = realloc(rows->cells, rows->room * rows->columns * sizeof(Cell));
        }
        for (int column = 0; column < rows->columns; column++) {
            Cell *cell = &rows->cells[rows->rows * rows->columns + column];
            cell->type = sqlite3_column_type(query, column);
            if (cell->type == SQLITE_INTEGER) cell->integer = sqlite3_column_int64(query, column);
            if (cell->type != SQLITE_TEXT) continue;
            cell->length = sqlite3_column_bytes(query, column);
            if (rows->used + cell->length > rows->size) {
                rows->size = (rows->used + cell->length) * 2 + 65536;
                rows->bytes = realloc(rows->bytes, rows->size);
            }
            memcpy(rows->bytes + rows->used, sqlite3_column_text(query, column), cell->length);
            cell->text = rows->used;
            rows->used += cell->length;
        }
        rows->rows++;
    }
    sqlite3_reset(query);
}

static void bind(sqlite3_stmt *statement, int place, const Rows *rows, const Cell *cell) {
    if (cell->type == SQLITE_INTEGER) sqlite3_bind_int64(statement, place, cell->integer);
    else if (cell->type == SQLITE_TEXT)
        sqlite3_bind_text(statement, place, rows->bytes + cell->text, cell->length, SQLITE_STATIC);
    else sqlite3_bind_null(statement, place);
}

static void step(sqlite3 *db, sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) fail(db, "write");
    sqlite3_reset(statement);
}

static void insert_all(sqlite3 *db, sqlite3_stmt *statement, const Rows *rows) {
    for (long long row = 0; row < rows->rows; row++) {
        for (int column = 0; column < rows->columns; column++)
            bind(statement, column + 1, rows, &rows->cells[row * rows->columns + column]);
        step(db, statement);
    }
}

typedef struct { sqlite3_stmt *insert, *update, *head; } Records;

// Columns: kind, data, clocks, csn, head, lives, conflicts, rid, entity, store, id, reach.
static void write_records(sqlite3 *db, const Records *to, const Rows *rows) {
    static const int head_columns[] = {4, 6, 7};
    for (long long row = 0; row < rows->rows; row++) {
        const Cell *cells = &rows->cells[row * rows->columns];
        sqlite3_stmt *statement = cells[0].integer == 0 ? to->insert : cells[0].integer == 1 ? to->update : to->head;
        int count = cells[0].integer == 0 ? 11 : cells[0].integer == 1 ? 7 : 3;
        for (int place = 0; place < count; place++)
            bind(statement, place + 1, rows, &cells[count == 3 ? head_columns[place] : place + 1]);
        step(db, statement);
    }
}

static void write_changeset(sqlite3_session *session, const char *out, long long batch) {
    char path[4096];
    int size;
    void *bytes;
    if (sqlite3session_changeset(session, &size, &bytes) != SQLITE_OK) fail(0, "changeset");
    snprintf(path, sizeof path, "%s.%lld", out, batch);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != (size_t)size || fclose(file)) fail(0, path);
    sqlite3_free(bytes);
}

static void rows_mode(const char *trace_path, const char *store, const char *out) {
    sqlite3 *trace = open_store(trace_path), *db = open_store(store);
    sqlite3_stmt *batches = prepare(trace, "SELECT DISTINCT batch FROM change ORDER BY batch");
    sqlite3_stmt *changes = prepare(trace, "SELECT csn, rid, previous, segment, offset FROM change WHERE batch = ?");
    sqlite3_stmt *records = prepare(trace,
        "SELECT kind, data, clocks, csn, head, lives, conflicts, rid, entity, store, id, reach FROM record "
        "WHERE batch = ? ORDER BY rowid");
    sqlite3_stmt *conflicts = prepare(trace,
        "SELECT number, kind, state, rid, entity, store, id, field, base, central, central_node, central_time, incoming, "
        "node, \"by\", time, journal, seq, csn, rule, decided FROM conflict WHERE batch = ?");
    sqlite3_stmt *notices = prepare(trace,
        "SELECT number, node, csn, kind, at, entity, id, seq, text FROM notice WHERE batch = ?");
    sqlite3_stmt *insert_change = prepare(db, "INSERT INTO _change VALUES (?, ?, ?, ?, ?)");
    sqlite3_stmt *insert_conflict = prepare(db,
        "INSERT INTO _conflict (number, kind, state, rid, entity, store, id, field, base, central, central_node, "
        "central_time, incoming, node, \"by\", time, journal, seq, csn, rule, decided) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    sqlite3_stmt *insert_notice = prepare(db, "INSERT INTO _notice VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    Records to = {
        prepare(db, "INSERT INTO _record (data, clocks, csn, head, lives, conflicts, rid, entity, store, id, reach) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        prepare(db, "UPDATE _record SET data = ?, clocks = ?, csn = ?, head = ?, lives = ?, conflicts = ? WHERE rid = ?"),
        prepare(db, "UPDATE _record SET head = ?, conflicts = ? WHERE rid = ?")};
    Rows change = {0}, record = {0}, conflict = {0}, notice = {0};
    Stopwatch sum = {0};
    long long operations = 0;
    while (sqlite3_step(batches) == SQLITE_ROW) {
        long long batch = sqlite3_column_int64(batches, 0);
        load(changes, batch, &change);
        load(records, batch, &record);
        load(conflicts, batch, &conflict);
        load(notices, batch, &notice);
        sqlite3_session *session = 0;
        if (out && (sqlite3session_create(db, "main", &session) != SQLITE_OK ||
                    sqlite3session_attach(session, 0) != SQLITE_OK)) fail(db, "session");
        Stopwatch start = watch_start();
        run(db, "BEGIN IMMEDIATE");
        insert_all(db, insert_change, &change);
        write_records(db, &to, &record);
        insert_all(db, insert_conflict, &conflict);
        insert_all(db, insert_notice, &notice);
        run(db, "COMMIT");
        watch_stop(start, &sum);
        operations += change.rows;
        if (session) {
            write_changeset(session, out, batch);
            sqlite3session_delete(session);
        }
    }
    report(sum, operations);
}

// The peer has neither row numbers, which only one node knows, nor a row for each operation.
static void peer_mode(const char *store, const char *peer) {
    sqlite3 *db = open_store(peer);
    sqlite3_stmt *attach = prepare(db, "ATTACH ? AS s");
    sqlite3_bind_text(attach, 1, store, -1, SQLITE_STATIC);
    step(db, attach);
    run(db,
        "CREATE TABLE record (entity TEXT, store TEXT, id TEXT, data TEXT, clocks TEXT, csn INTEGER, lives INTEGER,"
        " PRIMARY KEY (entity, store, id)) WITHOUT ROWID;"
        "INSERT INTO record SELECT e.name, t.name, r.id, r.data, r.clocks, r.csn, r.lives FROM s._record r"
        " JOIN s._entity e ON e.code = r.entity JOIN s._store t ON t.code = r.store ORDER BY 1, 2, 3;");
    sqlite3_finalize(attach);
    run(db, "DETACH s; PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close_v2(db);
    report((Stopwatch){0}, 0);
}

static void peersets_mode(const char *trace_path, const char *peer, const char *out) {
    sqlite3 *trace = open_store(trace_path), *db = open_store(peer);
    sqlite3_stmt *batches = prepare(trace, "SELECT DISTINCT batch FROM change ORDER BY batch");
    sqlite3_stmt *records = prepare(trace,
        "SELECT r.data, r.clocks, r.csn, r.lives, e.name, t.name, r.id FROM record r"
        " JOIN entity e ON e.code = r.entity JOIN store t ON t.code = r.store"
        " WHERE r.batch = ? AND r.kind < 2 ORDER BY r.rowid");
    sqlite3_stmt *put = prepare(db,
        "INSERT INTO record (data, clocks, csn, lives, entity, store, id) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET data = excluded.data, clocks = excluded.clocks, csn = excluded.csn,"
        " lives = excluded.lives");
    Rows rows = {0};
    while (sqlite3_step(batches) == SQLITE_ROW) {
        long long batch = sqlite3_column_int64(batches, 0);
        load(records, batch, &rows);
        sqlite3_session *session = 0;
        if (sqlite3session_create(db, "main", &session) != SQLITE_OK ||
            sqlite3session_attach(session, 0) != SQLITE_OK) fail(db, "session");
        run(db, "BEGIN IMMEDIATE");
        insert_all(db, put, &rows);
        run(db, "COMMIT");
        write_changeset(session, out, batch);
        sqlite3session_delete(session);
    }
    report((Stopwatch){0}, 0);
}

static int on_conflict(void *context, int kind, sqlite3_changeset_iter *change) {
    (void)context, (void)kind, (void)change;
    return SQLITE_CHANGESET_ABORT;
}

static void apply_mode(const char *out, const char *store) {
    sqlite3 *db = open_store(store);
    Stopwatch sum = {0};
    for (long long batch = 1;; batch++) {
        char path[4096];
        snprintf(path, sizeof path, "%s.%lld", out, batch);
        FILE *file = fopen(path, "rb");
        if (!file) break;
        fseek(file, 0, SEEK_END);
        long size = ftell(file);
        rewind(file);
        void *bytes = malloc(size);
        if (fread(bytes, 1, size, file) != (size_t)size) fail(0, path);
        fclose(file);
        Stopwatch start = watch_start();
        run(db, "BEGIN IMMEDIATE");
        if (sqlite3changeset_apply_v2(db, (int)size, bytes, 0, on_conflict, 0, 0, 0, SQLITE_CHANGESETAPPLY_NOSAVEPOINT)
            != SQLITE_OK) fail(db, "apply");
        run(db, "COMMIT");
        watch_stop(start, &sum);
        free(bytes);
    }
    report(sum, 0);
}

static void trace_mode(const char *store, const char *trace_path) {
    sqlite3 *trace = open_store(trace_path);
    sqlite3_stmt *attach = prepare(trace, "ATTACH ? AS s");
    sqlite3_bind_text(attach, 1, store, -1, SQLITE_STATIC);
    step(trace, attach);
    run(trace,
        "BEGIN;"
        "CREATE TABLE IF NOT EXISTS mark (batch, csn, rid, conflict, notice);"
        "CREATE TABLE IF NOT EXISTS change AS SELECT 1 AS batch, * FROM s._change LIMIT 0;"
        "CREATE TABLE IF NOT EXISTS record AS SELECT 1 AS batch, 1 AS kind, * FROM s._record LIMIT 0;"
        "CREATE TABLE IF NOT EXISTS conflict AS SELECT 1 AS batch, * FROM s._conflict LIMIT 0;"
        "CREATE TABLE IF NOT EXISTS notice AS SELECT 1 AS batch, * FROM s._notice LIMIT 0;"
        "INSERT INTO change SELECT m.batch, c.* FROM mark m, s._change c WHERE c.csn > m.csn;"
        "INSERT INTO record SELECT m.batch, CASE WHEN r.rid > m.rid THEN 0 WHEN r.csn > m.csn THEN 1 ELSE 2 END, r.* "
        "FROM mark m, s._record r WHERE r.head > m.csn OR r.rid > m.rid ORDER BY r.entity, r.store, r.id;"
        "INSERT INTO conflict SELECT m.batch, c.* FROM mark m, s._conflict c WHERE c.number > m.conflict;"
        "INSERT INTO notice SELECT m.batch, n.* FROM mark m, s._notice n WHERE n.number > m.notice;"
        "CREATE TEMP TABLE next AS SELECT coalesce((SELECT batch FROM mark), 0) + 1 AS batch,"
        " (SELECT coalesce(max(csn), 0) FROM s._change) AS csn, (SELECT coalesce(max(rid), 0) FROM s._record) AS rid,"
        " (SELECT coalesce(max(number), 0) FROM s._conflict) AS conflict,"
        " (SELECT coalesce(max(number), 0) FROM s._notice) AS notice;"
        "DROP TABLE IF EXISTS entity; CREATE TABLE entity AS SELECT code, name FROM s._entity;"
        "DROP TABLE IF EXISTS store; CREATE TABLE store AS SELECT code, name FROM s._store;"
        "DELETE FROM mark; INSERT INTO mark SELECT * FROM next; COMMIT;"
        "CREATE INDEX IF NOT EXISTS change_batch ON change (batch);"
        "CREATE INDEX IF NOT EXISTS record_batch ON record (batch)");
    sqlite3_stmt *count = prepare(trace, "SELECT count(*) FROM change");
    sqlite3_step(count);
    report((Stopwatch){0}, sqlite3_column_int64(count, 0));
    sqlite3_finalize(count);
    sqlite3_close_v2(trace);
}

int main(int count, char **arguments) {
    const char *mode = count > 3 ? arguments[1] : "";
    if (!strcmp(mode, "trace")) trace_mode(arguments[2], arguments[3]);
    else if (!strcmp(mode, "rows")) rows_mode(arguments[2], arguments[3], 0);
    else if (!strcmp(mode, "changesets") && count > 4) rows_mode(arguments[2], arguments[3], arguments[4]);
    else if (!strcmp(mode, "peer")) peer_mode(arguments[2], arguments[3]);
    else if (!strcmp(mode, "peersets") && count > 4) peersets_mode(arguments[2], arguments[3], arguments[4]);
    else if (!strcmp(mode, "apply")) apply_mode(arguments[2], arguments[3]);
    else {
        fprintf(stderr, "floor: trace | rows | changesets | peer | peersets | apply\n");
        return 64;
    }
    return 0;
}
