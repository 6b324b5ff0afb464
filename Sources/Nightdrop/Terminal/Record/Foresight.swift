import NightdropFormats
import NightdropModel
import NightdropStoreSQLite

/// An operation that is ready but for its number, with what it makes of its record.
struct ComposedOperation {
    let prepared: PreparedOperation
    let after: RecordState

    /// The draft, checked and filled in from its record as it was before.
    init(
        _ draft: OperationDraft, on before: RecordState?, _ filling: inout DraftFilling, violations: [Violation]? = nil
    ) throws {
        prepared = try PreparedOperation(try filling.fill(draft, before, violations: violations))
        after = prepared.withText { text, operation in
            RecordState.after(operation.action, on: before, text, set: operation.set, add: operation.add)
        }
    }
}

/// What can be done with the drafts of a commit before it is their turn, beside whoever composes.
struct Foresight {
    /// A draft.
    struct Draft {
        /// The rules that it breaks.
        let violations: [Violation]
        /// What it comes to if its record is as it is in the store; nil where that would be refused.
        let composed: ComposedOperation?
        /// The rules that a fact then breaks.
        let faults: [String]
    }

    /// The turn of the present state before anything was looked up.
    let turn: Int64
    /// The generation of the rules and of the store.
    let generation: Int64
    /// In the order of the commit.
    let drafts: [Draft]

    /// Nil while the rules are not those that the store has.
    init?(_ drafts: [OperationDraft], turn: Int64, _ rules: TerminalRules, _ store: TerminalDatabase) throws {
        let stored = try store.records(of: drafts)
        guard stored.generation == rules.generation else { return nil }
        self.turn = turn
        generation = rules.generation
        var filling = DraftFilling(rules: rules, csn: stored.csn)
        var found: [Draft] = []
        found.reserveCapacity(drafts.count)
        for (index, before) in stored.records.enumerated() {
            let violations = rules.validator.violations(of: drafts[index], by: .terminal)
            let composed = try? ComposedOperation(drafts[index], on: before, &filling, violations: violations)
            found.append(Draft(violations: violations, composed: composed, faults: filling.takeFaults()))
        }
        self.drafts = found
    }
}
