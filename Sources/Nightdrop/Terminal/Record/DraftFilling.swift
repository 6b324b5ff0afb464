import NightdropFormats
import NightdropModel
import NightdropStoreSQLite

/// Makes what a caller wants recorded into what is recorded: checked against the policy, with `base`, `was` and increments
/// filled in from the present state.
struct DraftFilling {
    let rules: TerminalRules
    /// The cursor's CSN; nil before the first snapshot.
    let csn: Int64?
    /// The rules that facts break.
    private(set) var faults: [String] = []
    private var known: [KnownEntity] = []

    /// A class, so that handing it on copies nothing.
    private final class KnownEntity {
        let policy: EntityPolicy
        let hasCounters: Bool

        init(_ policy: EntityPolicy) {
            self.policy = policy
            hasCounters = policy.fields.contains { $0.merge == .counter }
        }
    }

    init(rules: TerminalRules, csn: Int64?) {
        self.rules = rules
        self.csn = csn
    }

    /// The draft to record, given its record as it is now. `violations`: the rules it breaks, if they were looked for.
    mutating func fill(
        _ draft: OperationDraft, _ present: RecordState?, violations: [Violation]? = nil
    ) throws -> OperationDraft {
        let known = entity(draft.entity)
        let entity = known.policy
        try check(draft, entity, present, violations)
        var filled = draft
        filled.store = nil
        filled.base = try base(draft, entity, present)
        filled.was = was(draft, entity, present)
        if known.hasCounters {
            do {
                filled = try CounterIncrements.applied(to: filled, entity: entity, present: present?.fields ?? [])
            } catch {
                // A fact is recorded as it is; central raises the conflict.
                guard entity.isFact else { throw error }
                faults.append("\(error)")
            }
        }
        if filled.action != .delete, let was = filled.was {
            let kept = filled.action == .create ? [] : was.filter { entity.rule(for: $0.name) != .counter }
            filled.was = kept.isEmpty ? nil : kept
        }
        if filled.action == .update, filled.set.isEmpty, filled.add.isEmpty, let same = draft.set.first {
            filled.add = [Field(same.name, .integer(0))]
        }
        return filled
    }

    /// Faults that were found before.
    mutating func add(faults: [String]) { self.faults += faults }

    /// The faults since the last time.
    mutating func takeFaults() -> [String] {
        defer { faults = [] }
        return faults
    }

    private mutating func entity(_ name: String) -> KnownEntity {
        if let known = known.first(where: { $0.policy.name == name }) { return known }
        let found = KnownEntity(rules.policy.entity(name))
        known.append(found)
        return found
    }

    // MARK: Checks

    private mutating func check(
        _ draft: OperationDraft, _ entity: EntityPolicy, _ present: RecordState?, _ violations: [Violation]?
    ) throws {
        var found = (violations ?? rules.validator.violations(of: draft, by: .terminal)).map(\.text)
        let lives = present?.lives == true
        switch draft.action {
        case .create where lives: found.append("There is a \(draft.entity) \(draft.id) already.")
        case .update where !lives, .delete where !lives: found.append("There is no \(draft.entity) \(draft.id) here.")
        default: break
        }
        guard !found.isEmpty else { return }
        guard entity.isFact else {
            throw NightdropError(.refused, "\(draft.entity) \(draft.id): \(found.joined(separator: " "))")
        }
        faults += found
    }

    // MARK: What is filled in

    /// Absent for facts and for records of which central keeps no copy here; on a create, unless the tombstone is here.
    private func base(_ draft: OperationDraft, _ entity: EntityPolicy, _ present: RecordState?) throws -> Int64? {
        guard !entity.isFact, let present, present.csn != nil, let csn else { return nil }
        if draft.action == .create && present.lives { return nil }
        guard let base = draft.base else { return csn }
        guard base <= csn else {
            throw NightdropError(
                .refused, "\(draft.entity) \(draft.id): the base \(base) is ahead of this terminal, which is at \(csn)")
        }
        return base
    }

    /// What the caller gave, and the present values of what he did not. Counters are among them, for their difference; also
    /// on a create, where a deleted record goes on counting.
    private func was(_ draft: OperationDraft, _ entity: EntityPolicy, _ present: RecordState?) -> [Field]? {
        var was = draft.was ?? []
        guard let present else { return was.isEmpty ? nil : was }
        func add(_ name: String) {
            guard !was.contains(where: { $0.name == name }), let value = present.value(name) else { return }
            was.append(Field(name, value))
        }
        for field in draft.set { add(field.name) }
        if draft.action == .delete, let control = entity.controlTotal { add(control) }
        return was.isEmpty ? nil : was
    }
}
