/// Per entity, how many records were created and what the changes of its control field add up to.
public struct ControlTotals: Sendable, Equatable {
    /// The totals of one entity.
    public struct Entry: Sendable, Equatable {
        /// How many creates.
        public var creates: Int64
        /// The sum of the control field's changes; nil for an entity without such a field.
        public var sum: ExactDecimal?

        /// An entry.
        public init(creates: Int64 = 0, sum: ExactDecimal? = nil) {
            self.creates = creates
            self.sum = sum
        }
    }

    /// By entity name. An entity without creates and with a zero sum is left out.
    public var entries: [String: Entry]

    /// Totals.
    public init(_ entries: [String: Entry] = [:]) { self.entries = entries }

    /// Both together.
    public func adding(_ other: ControlTotals) -> ControlTotals {
        var sum = self
        for (entity, entry) in other.entries {
            var total = sum.entries[entity] ?? Entry()
            total.creates += entry.creates
            if let addend = entry.sum { total.sum = (total.sum ?? .zero).adding(addend) ?? total.sum }
            sum.entries[entity] = total
        }
        return sum
    }
}
