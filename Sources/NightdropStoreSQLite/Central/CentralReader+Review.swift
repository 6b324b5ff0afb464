import GRDB
import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

extension SQLiteReading {
    func conflicts(_ filter: ConflictFilter, _ body: (ConflictRow) throws -> Void) throws {
        var conditions: [String] = []
        var values: [String] = []
        func require(_ condition: String, _ value: String?) {
            guard let value else { return }
            conditions.append(condition)
            values.append(value)
        }
        if filter.state == nil && !filter.all { conditions.append("state <> 'decided'") }
        require("state = ?", filter.state)
        require("kind = ?", filter.kind)
        require("entity = ?", filter.entity)
        require("field = ?", filter.field)
        require("node = ?", filter.terminal)
        require("csn > CAST(? AS INTEGER)", filter.after.map { String($0) })
        if let store = filter.store {
            conditions.append("(store = ? OR node IN (SELECT node FROM _terminal WHERE store = ?))")
            values += [store, store]
        }
        let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        try rows(ConflictRow.select + condition + " ORDER BY number") { statement in
            for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
        } _: {
            try body(ConflictRow($0))
        }
    }

    func present(_ conflict: ConflictRow) throws -> PresentValue? {
        guard let record = try record(entity: conflict.entity, store: conflict.store, id: conflict.id) else {
            return nil
        }
        let clocks = try first("SELECT clocks FROM _record WHERE rid = ?") {
            $0.bind(1, record.rid)
        } _: {
            Array($0.bytes(0))
        }
        let name: String
        let value: String
        if let field = conflict.field {
            guard let found = record.fields.first(where: { $0.name == field }) else { return nil }
            (name, value) = (String(JSONString.quoted(field).dropFirst().dropLast()), found.value.json)
        } else if conflict.kind == ConflictKind.deleteUpdate.rawValue {
            (name, value) = ("", record.lives ? "true" : "false")
        } else {
            return nil
        }
        let clock = (clocks ?? []).withUnsafeBytes { text -> FieldClock? in
            var own: FieldClock?
            let common = ClockText.read(text) { if $0.elementsEqual(name.utf8) { own = $1 } }
            return own ?? common
        }
        let node = try clock.flatMap { clock in
            try first("SELECT node FROM _journal WHERE code = ?") {
                $0.bind(1, Int64(clock.author))
            } _: {
                $0.text(0)
            }
        }
        return PresentValue(value: value, node: node, time: clock?.time.milliseconds ?? 0)
    }
}

extension SQLiteReading {
    func sum(of field: String, entity: String) throws -> ExactDecimal {
        let name = Array(JSONString.quoted(field).utf8.dropFirst().dropLast())
        var sum = ExactDecimal.zero
        try rows("SELECT data FROM _record WHERE entity = (SELECT code FROM _entity WHERE name = ?) AND lives") {
            $0.bind(1, entity)
        } _: { row in
            let data = row.bytes(0)
            let value = name.withUnsafeBytes { FieldCursor.value($0, in: data, ByteRange(0, data.count)) }
            guard value.isPresent, let number = ExactDecimal(json: data[value]) else { return }
            sum = sum.adding(number) ?? sum
        }
        return sum
    }
}

extension SQLiteCentralWriter {
    func showPresent(_ number: Int64) throws {
        guard let conflict = try conflict(number), let present = try present(conflict) else { return }
        // A counter that broke its bound shows what it came to from the beginning.
        let isConstraint = conflict.kind == ConflictKind.constraint.rawValue
        if isConstraint || conflict.state == ConflictState.decided.rawValue {
            let update = try SQLStatement(db, "UPDATE _conflict SET decided = ? WHERE number = ?")
            update.bind(1, present.value)
            update.bind(2, number)
            try update.run()
        } else {
            let update = try SQLStatement(
                db, "UPDATE _conflict SET central = ?, central_node = ?, central_time = ? WHERE number = ?")
            update.bind(1, present.value)
            update.bind(2, present.node)
            update.bind(3, present.time)
            update.bind(4, number)
            try update.run()
        }
    }
}
