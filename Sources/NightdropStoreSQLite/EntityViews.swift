import GRDB
import NightdropModel

/// For every entity of the policy an SQL view of its living records, named as the entity, with a column per field, for
/// programs that know SQL and nothing of Nightdrop.
///
/// Columns: `id`, `store` for entities per store, the fields by type, and last `_data`, the whole record as JSON. Numbers
/// are SQL numbers, so sums of decimals are rounded as SQLite rounds; exact ones stand in `_data`.
enum EntityViews {
    /// Makes the views those of a policy; leaves those alone that are right already.
    ///
    /// The base table is `_record` with columns `store`, `id`, `lives` and `data`; `predicate` selects an entity's rows by its
    /// name, `store` is the expression of a record's store as text.
    static func replace(
        _ db: Database, policy: Policy, store: String = "store", predicate: (String) -> String
    ) throws {
        let existing = try GRDB.Row.fetchAll(
            db, sql: "SELECT name, sql FROM sqlite_master WHERE type = 'view' AND substr(name, 1, 1) <> '_'")
        var stale: [String: String] = [:]
        for row in existing { stale[row["name"]] = row["sql"] }
        var missing: [String] = []
        for entity in policy.entities {
            let definition = definition(of: entity, store: store, predicate: predicate(entity.name))
            if stale[entity.name] == definition {
                stale[entity.name] = nil
            } else {
                missing.append(definition)
            }
        }
        for name in stale.keys.sorted() { try db.execute(sql: "DROP VIEW \(quoted(name))") }
        for definition in missing { try db.execute(sql: definition) }
    }

    private static func definition(of entity: EntityPolicy, store: String, predicate: String) -> String {
        var used: Set<String> = []
        func name(_ wanted: String) -> String {
            var name = wanted
            while !used.insert(name.lowercased()).inserted { name += "_" }
            return quoted(name)
        }
        var columns = ["id AS \(name("id"))"]
        if entity.scope == .store { columns.append("\(store) AS \(name("store"))") }
        for field in entity.fields where !field.name.utf8.contains(where: "\"\\".utf8.contains) {
            let arrow = field.type == .json ? "->" : "->>"
            let path = "$.\"\(field.name)\"".replacing("'", with: "''")
            columns.append("data \(arrow) '\(path)' AS \(name(field.name))")
        }
        columns.append("data AS \(name("_data"))")
        return """
            CREATE VIEW \(quoted(entity.name)) AS SELECT \(columns.joined(separator: ", ")) FROM _record \
            WHERE \(predicate) AND lives = 1
            """
    }

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
}
