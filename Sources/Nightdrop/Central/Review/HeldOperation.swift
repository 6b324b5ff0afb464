import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// An operation of a till that was not applied: a conflict keeps its whole line.
struct HeldOperation {
    let action: Action
    let set: [Field]
    let add: [Field]

    /// Nil if the conflict keeps none.
    init?(_ conflict: ConflictRow) {
        guard conflict.field == nil, conflict.rule != MergeConflict.changedBeforeCreated,
            let line = conflict.incoming.map({ Array($0.utf8) }), line.first == UInt8(ascii: "{")
        else { return nil }
        let held = line.withUnsafeBytes { line -> HeldOperation? in
            guard let operation = try? OperationScanner.scan(line, 0..<line.count) else { return nil }
            return HeldOperation(
                action: operation.action, set: FieldCursor.fields(line, operation.set),
                add: FieldCursor.fields(line, operation.add))
        }
        guard let held else { return nil }
        self = held
    }

    private init(action: Action, set: [Field], add: [Field]) {
        self.action = action
        self.set = set
        self.add = add
    }

    /// With other values for some fields.
    func corrected(by fields: [Field]) -> HeldOperation {
        let names = Set(fields.map(\.name))
        return HeldOperation(
            action: action == .delete ? .update : action, set: set.filter { !names.contains($0.name) } + fields,
            add: add.filter { !names.contains($0.name) })
    }
}
