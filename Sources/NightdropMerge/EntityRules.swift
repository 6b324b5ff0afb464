import NightdropFormats
import NightdropModel

/// An entity's policy, ready for the merge: field names as bytes, as they stand in operations. A class, because every
/// operation carries it through the merge.
public final class EntityRules: Sendable {
    /// A field that the policy names.
    public struct FieldRules: Sendable {
        /// The name, as written in operations.
        public let name: [UInt8]
        /// How two values become one.
        public let rule: MergeRule
        /// The smallest number allowed.
        public let min: ExactDecimal?
        /// The largest number allowed.
        public let max: ExactDecimal?
        /// The program that decides, where the rule is `hook`.
        public let hook: String?
        /// The rules for single values.
        public let check: FieldCheck
    }

    /// The policy.
    public let policy: EntityPolicy
    /// The fields that the policy names.
    public let fields: ContiguousArray<FieldRules>
    /// Whether any field is a counter.
    public let hasCounters: Bool
    /// Whether a program may have to decide something.
    public let hasHooks: Bool
    /// Whether facts, which only travel up.
    public let isFact: Bool
    /// Whether its records belong to one store each.
    public let isPerStore: Bool
    /// Whether a second create of an id makes a second record.
    public let keepsBoth: Bool
    /// Whether terminals may write it at all.
    public let isOpenToTerminals: Bool
    /// The rules for changes.
    public let check: EntityCheck
    /// Whether any change could break a rule.
    public let isChecked: Bool
    private let rules: ContiguousArray<MergeRule>

    /// The rules of a policy; `check` where they were made ready before.
    public init(_ policy: EntityPolicy, check: EntityCheck? = nil) {
        self.policy = policy
        fields = ContiguousArray(
            policy.fields.map { field in
                FieldRules(
                    name: JSONString.inside(field.name),
                    rule: field.merge ?? policy.onConflict, min: field.min, max: field.max,
                    hook: field.hook ?? policy.hook, check: FieldCheck(field))
            })
        rules = ContiguousArray(fields.map(\.rule))
        hasCounters = rules.contains(.counter)
        hasHooks = policy.onConflict == .hook || rules.contains(.hook)
        isFact = policy.isFact
        isPerStore = policy.scope == .store
        keepsBoth = policy.duplicates == .keepBoth
        isOpenToTerminals = policy.direction != .down && policy.writers != .central
        self.check = check ?? EntityCheck(policy)
        isChecked = self.check.isNeeded
    }

    /// The rules of a field, if the policy names it.
    public func field(_ name: Bytes) -> FieldRules? { index(of: name).map { fields[$0] } }

    /// The merge rule of a field.
    public func rule(_ name: Bytes) -> MergeRule { index(of: name).map { rules[$0] } ?? policy.onConflict }

    /// The program that decides about a field, or about whether a record lives.
    func hook(_ name: Bytes) -> String { (index(of: name).map { fields[$0].hook } ?? policy.hook) ?? "" }

    private func index(of name: Bytes) -> Int? {
        fields.withUnsafeBufferPointer { fields in
            for index in fields.indices where fields[index].name.count == name.count {
                if fields[index].name.withUnsafeBytes({ $0.equals(name) }) { return index }
            }
            return nil
        }
    }
}
