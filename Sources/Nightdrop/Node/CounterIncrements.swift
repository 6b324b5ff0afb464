import NightdropModel

/// A counter that is given by its value is journaled as an increment, so that nobody's counting is lost.
enum CounterIncrements {
    /// The draft with every counter in `set` moved to `add`: the difference from `was`, else from the present value, else
    /// from 0.
    static func applied(to draft: OperationDraft, entity: EntityPolicy, present: [Field]) throws -> OperationDraft {
        guard entity.fields.contains(where: { $0.merge == .counter }) else { return draft }
        var changed = draft
        changed.set = []
        for field in draft.set {
            guard entity.rule(for: field.name) == .counter else {
                changed.set.append(field)
                continue
            }
            func number(_ fields: [Field]?) -> ExactDecimal? { fields?.first { $0.name == field.name }?.value.decimal }
            let before = number(draft.was) ?? (draft.action == .create ? nil : number(present)) ?? .zero
            guard let value = field.value.decimal, let difference = value.subtracting(before) else {
                throw NightdropError(
                    .refused,
                    "\(draft.entity) \(draft.id): \(field.name) is a counter and takes numbers of at most 34 digits")
            }
            guard !draft.add.contains(where: { $0.name == field.name }) else {
                throw NightdropError(.refused, "\(draft.entity) \(draft.id): \(field.name) is set and added to at once")
            }
            if difference != .zero || draft.action == .create {
                changed.add.append(Field(field.name, .decimal(difference)))
            }
        }
        return changed
    }
}
