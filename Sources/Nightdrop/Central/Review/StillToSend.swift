import NightdropModel
import NightdropStore

extension CentralWriter {
    /// Notes the last operation that a terminal's latest bundle speaks of.
    func setLastSpokenOf(_ node: NodeID, _ seq: Int64) throws { try set(lastSpokenOf(node), String(seq)) }
}

extension CentralReader {
    /// All terminals, with the operations that they have still to send as `pending`, and what of them was refused last. What
    /// a terminal has no receipt for may well be here: it came with the bundle that says so.
    func terminalsAsShown() throws -> [TerminalRow] {
        try terminals().map { terminal in
            var shown = terminal
            shown.refused = try lastRefused(terminal.node).flatMap { $0.isOver ? nil : $0 }
            guard terminal.pending > 0, let last = try setting(lastSpokenOf(terminal.node)).flatMap(Int64.init) else {
                return shown
            }
            shown.pending = min(terminal.pending, max(0, last - (try journal(terminal.journal)?.seq ?? 0)))
            return shown
        }
    }
}

private func lastSpokenOf(_ node: NodeID) -> String { "last-spoken-of/\(node)" }
