import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

extension Central {
    /// What a person decides about a conflict.
    public enum Decision: Sendable, Equatable {
        /// Central's value, as the conflict shows it. Of an operation that is held back: it is dropped.
        case central
        /// The value that came in. Of an operation that is held back: it is applied.
        case incoming
        /// The value that both started from.
        case base
        /// Another value, as JSON; about a whole record, an object of the fields that shall hold.
        case value(String)
        /// What a rule gives for the values that the conflict shows.
        case rule(DecisionRule)
        /// The operation that is held back is applied: with other values for some fields, as a JSON object, and to another
        /// record, where they are given.
        case apply(set: String?, id: String?)
    }

    /// Rules by which many conflicts are decided at once.
    public enum DecisionRule: String, Sendable, CaseIterable {
        /// The value that was recorded later.
        case lastWriteWins = "last-write-wins"
        /// Central's value.
        case centralWins = "central-wins"
        /// The value that came in.
        case terminalWins = "terminal-wins"
        /// The larger value.
        case max
        /// The smaller value.
        case min
    }

    /// What became of a decision.
    public struct Resolution: Sendable {
        /// The conflict.
        public let conflict: Int64
        /// The operation of head office that decided it, or why there is none.
        public let result: Result<Recorded, NightdropError>
    }
}

extension Central.Decision {
    /// Whether it applies an operation that is held back.
    var applies: Bool {
        switch self {
        case .incoming, .apply: true
        case .rule(let rule): rule == .terminalWins
        case .central, .base, .value: false
        }
    }
}

extension Central.DecisionRule {
    /// Which of the values that a conflict shows the rule takes.
    func decision(_ conflict: ConflictRow) throws(NightdropError) -> Central.Decision {
        switch self {
        case .centralWins: return .central
        case .terminalWins: return .incoming
        case .lastWriteWins, .max, .min:
            guard conflict.field != nil || conflict.kind == ConflictKind.deleteUpdate.rawValue,
                conflict.kind != ConflictKind.constraint.rawValue, let central = conflict.central,
                let incoming = conflict.incoming
            else {
                throw NightdropError(
                    .refused, "conflict \(conflict.number) shows no two values that \(rawValue) could choose from")
            }
            if self == .lastWriteWins { return (conflict.centralTime ?? 0) < conflict.time ? .incoming : .central }
            let isLess = Array(central.utf8).withUnsafeBytes { central in
                Array(incoming.utf8).withUnsafeBytes { Values.isLess(central, $0) }
            }
            return isLess == (self == .max) ? .incoming : .central
        }
    }
}
