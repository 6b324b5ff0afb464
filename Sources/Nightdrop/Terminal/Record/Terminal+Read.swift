import NightdropFormats
import NightdropModel
import NightdropStoreSQLite

extension Terminal {
    /// A living record, with everything recorded here so far; nil if there is none.
    public func get(_ entity: String, _ id: String) throws -> Record? {
        try NightdropError.attempt {
            let (state, csn) = try present.record(entity, id)
            guard let state, state.lives else { return nil }
            return Terminal.record(rules, entity, id, state, csn)
        }
    }

    /// Hands on the living records of an entity by id, with everything recorded here before the call.
    public func records(_ entity: String, _ body: (Record) throws -> Void) throws {
        try flush()
        let rules = rules
        try store.read { reader in
            let csn = try reader.head().csn
            try reader.records(entity) { id, state in try body(Terminal.record(rules, entity, id, state, csn)) }
        }
    }

    static func record(
        _ rules: TerminalRules, _ entity: String, _ id: String, _ state: RecordState, _ csn: Int64?
    ) -> Record {
        let policy = rules.policy.entity(entity)
        return Record(
            entity: entity, id: id, store: policy.scope == .store ? rules.settings.store?.text : nil,
            base: policy.isFact || state.csn == nil ? nil : csn, fields: state.fields)
    }
}
