import NightdropFormats
import NightdropModel

/// A field of a till's change that is not applied, and why.
struct Refusal {
    /// The field, as written in operations.
    var field: Bytes
    /// What kind of conflict it is.
    var kind: ConflictKind
    /// Why, as a clause.
    var reason: String
}

extension BatchMerger {
    /// Finds out what is to become of a change that breaks rules.
    ///
    /// A fact is applied as it is, and what is wrong with it is recorded beside it. Of master data only the fields that break
    /// a rule are left out; where more than single fields are wrong, all of it is held, and the answer is false.
    mutating func sift(_ current: inout Current) -> Bool {
        let found = current.rules.check.violations(of: current.operation, in: current.text)
        var refusals: [Refusal] = []
        for violation in found {
            let field = violation.field.map {
                batch.arena.copy(JSONString.inside($0))
            }
            let kind = ConflictKind(rawValue: violation.kind.rawValue) ?? .validation
            refusals.append(Refusal(field: field ?? .none, kind: kind, reason: violation.reason))
        }
        let special = Special()
        current.special = special
        guard !current.rules.isFact else {
            special.remarks = refusals
            return true
        }
        for refusal in refusals where !isAboutOneValue(refusal, current) {
            // What a record has already, a second create need not give.
            let isGiven = !refusal.field.isEmpty && current.gives(refusal.field)
            if !refusal.field.isEmpty, !isGiven, records[current.slot].exists { continue }
            hold(current, refusal.kind, reason(refusal))
            return false
        }
        special.refusals = refusals.filter { isAboutOneValue($0, current) }
        return true
    }

    /// Whether an operation makes sense without the field that is wrong: increments cannot be told from a value later, and a
    /// record is not made without what it must have.
    private func isAboutOneValue(_ refusal: Refusal, _ current: Current) -> Bool {
        guard !refusal.field.isEmpty, current.sets(refusal.field) else { return false }
        let isRequired = current.rules.check.requires(refusal.field)
        return !(isRequired && current.operation.action == .create && !records[current.slot].exists)
    }

    private func reason(_ refusal: Refusal) -> String {
        refusal.field.isEmpty ? refusal.reason : "\(JSONString.unescaped(refusal.field)): \(refusal.reason)"
    }

    /// Keeps a value that is not applied as an open conflict, unless it is what stands there anyway.
    mutating func refuse(_ refusal: Refusal, _ incoming: Bytes, _ current: Current) {
        let index = records[current.slot].field(refusal.field)
        let field = index.map { records[current.slot].fields[$0] }
        if let field, Values.areEqual(field.value, incoming) { return }
        note(
            refusal.kind, .open, current, refusal.field, central: field?.value ?? .none, field?.clock, incoming,
            refusal.reason, .none)
    }

    /// Records what is wrong with a fact that was applied.
    mutating func remark(_ current: Current, _ remarks: [Refusal]) {
        var current = current
        guard targets[current.index] >= 0 else { return }
        current.slot = Int(targets[current.index])
        for remark in remarks {
            guard !remark.field.isEmpty else {
                note(
                    remark.kind, .open, current, .none, central: .none, nil, applied(current), remark.reason,
                    applied(current))
                continue
            }
            let value = FieldCursor.value(remark.field, in: current.text, current.operation.set)
            // What cannot be counted was not; that is recorded already.
            if current.rules.rule(remark.field) == .counter && (value.isPresent || current.gives(remark.field)) {
                continue
            }
            note(
                remark.kind, .open, current, remark.field, central: .none, nil, current.value(value), remark.reason,
                current.value(value))
        }
    }

    /// What has become of a fact's record by an operation.
    private func applied(_ current: Current) -> Bytes {
        let set = current.operation.set
        return set.isPresent
            ? current.text[set] : batch.arena.copy(current.operation.action == .delete ? "false" : "true")
    }
}

extension BatchMerger.Current {
    /// Whether the operation sets a field.
    func sets(_ field: Bytes) -> Bool { FieldCursor.value(field, in: text, operation.set).isPresent }

    /// Whether the operation sets a field or adds to it.
    func gives(_ field: Bytes) -> Bool { sets(field) || FieldCursor.value(field, in: text, operation.add).isPresent }

    /// Why a field is left out; nil if it is not.
    func refusal(of field: Bytes) -> Refusal? { special?.refusals.first { $0.field.equals(field) } }

    /// Whether nothing of the operation is applied.
    var isRefusedWhole: Bool {
        guard let refusals = special?.refusals, !refusals.isEmpty, !operation.add.isPresent else { return false }
        return Set(refusals.map(\.field.text)).count == Int(operation.setCount)
    }
}
