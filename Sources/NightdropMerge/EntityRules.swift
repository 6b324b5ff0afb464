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
    }

    /// The policy.
    public let policy: EntityPolicy
    /// The fields that the policy names.
    public let fields: [FieldRules]
    /// Whether any field is a counter.
    public let hasCounters: Bool

    /// The rules of a policy.
    public init(_ policy: EntityPolicy) {
        self.policy = policy
        fields = policy.fields.map { field in
            var name: [UInt8] = []
            JSONString.append(field.name, to: &name)
            return FieldRules(
                name: Array(name.dropFirst().dropLast()), rule: field.merge ?? policy.onConflict, min: field.min,
                max: field.max)
        }
        hasCounters = fields.contains { $0.rule == .counter }
    }

    /// The rules of a field, if the policy names it.
    public func field(_ name: Bytes) -> FieldRules? {
        for field in fields where field.name.withUnsafeBytes({ $0.equals(name) }) { return field }
        return nil
    }

    /// The merge rule of a field.
    public func rule(_ name: Bytes) -> MergeRule { field(name)?.rule ?? policy.onConflict }
}
