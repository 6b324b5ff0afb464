import NightdropModel
import NightdropStore

/// Whether a terminal has closed a business day, and whether its totals agree with what head office holds.
public struct DayStatus: Sendable, Equatable {
    /// The day, `2026-11-20`.
    public let day: String
    /// The terminal.
    public let terminal: NodeID
    /// Its store.
    public let store: NodeID
    /// Whether it closed the day, as far as head office knows.
    public let isClosed: Bool
    /// When head office received the last close of that day, in milliseconds since 1970.
    public let received: Int64?
    /// Whether operations and totals of all its closes agree; nil if it is not closed.
    public let agrees: Bool?
    /// The operations.
    public let operations: Int64
    /// The totals, as head office added them up.
    public let totals: ControlTotals
    /// The entities in which the totals differ.
    public let differences: [String]
}

extension Central {
    /// For each day that any terminal closed, up to and with a day, and each terminal enrolled by then: is it closed, was it
    /// received, do the totals agree.
    public func days(through day: String? = nil) throws -> [DayStatus] {
        let (closes, terminals) = try store.read { (try $0.days(through: day), try $0.terminals()) }
        var days = Set(closes.map(\.day))
        if let day { days.insert(day) }
        return days.sorted().flatMap { day in
            terminals.compactMap { terminal in
                let parts = closes.filter { $0.day == day && $0.node == terminal.node }
                let enrolled = Timestamp.text(milliseconds: terminal.enrolled).prefix(10)
                guard !parts.isEmpty || enrolled <= day else { return nil }
                return DayStatus(day, terminal, parts)
            }
        }
    }
}

extension DayStatus {
    fileprivate init(_ day: String, _ terminal: TerminalRow, _ parts: [DayRow]) {
        self.day = day
        self.terminal = terminal.node
        store = terminal.store
        isClosed = !parts.isEmpty
        received = parts.map(\.received).max()
        agrees = parts.isEmpty ? nil : parts.allSatisfy(\.agrees)
        operations = parts.reduce(0) { $0 + $1.operations }
        totals = parts.reduce(ControlTotals()) { $0.adding($1.found) }
        differences = Set(parts.flatMap { $0.claimed.differences(from: $0.found) }).sorted()
    }
}
