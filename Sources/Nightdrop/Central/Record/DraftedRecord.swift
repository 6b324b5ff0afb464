import NightdropModel
import NightdropStore

/// A record as the drafts of a transaction leave it, before any of them is recorded.
struct DraftedRecord {
    private(set) var lives = false
    private(set) var fields: [Field] = []

    init() {}

    init(_ row: RecordRow) {
        lives = row.lives
        fields = row.fields
    }

    /// The record after a draft whose counters are increments already.
    func after(_ draft: OperationDraft) -> DraftedRecord {
        var next = self
        next.lives = draft.action != .delete
        for field in draft.set { next.put(field) }
        for field in draft.add {
            let before = next.fields.first { $0.name == field.name }?.value.decimal ?? .zero
            guard let sum = before.adding(field.value.decimal ?? .zero) else { continue }
            next.put(Field(field.name, .decimal(sum)))
        }
        return next
    }

    private mutating func put(_ field: Field) {
        if let index = fields.firstIndex(where: { $0.name == field.name }) {
            fields[index] = field
        } else {
            fields.append(field)
        }
    }
}
