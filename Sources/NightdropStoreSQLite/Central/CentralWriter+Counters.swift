import NightdropModel
import NightdropStore

extension SQLiteCentralWriter {
    /// Remembers which records are older than their field's being a counter: their sums do not begin at nothing.
    func noteCounters(_ policy: Policy) throws {
        let last = try first("SELECT coalesce(max(rid), 0) FROM _record") { $0.integer(0) } ?? 0
        var names: Set<String> = []
        for entity in policy.entities {
            for field in entity.fields where field.merge == .counter {
                let name = CounterSetting.name(field.name, entity.name)
                names.insert(name)
                if try setting(name) == nil { try set(name, String(last)) }
            }
        }
        var gone: [String] = []
        try rows("SELECT name FROM _setting WHERE name GLOB '\(CounterSetting.prefix)*'") {
            if !names.contains($0.text(0)) { gone.append($0.text(0)) }
        }
        for name in gone {
            let delete = try SQLStatement(db, "DELETE FROM _setting WHERE name = ?")
            delete.bind(1, name)
            try delete.run()
        }
    }
}
