import NightdropModel
import NightdropStore

/// What a terminal needs of central, as far as its last bundle tells.
enum ReturnNeed: Equatable {
    /// It knows everything.
    case nothing
    /// It lacks changes, or a receipt, or is asked for something.
    case answer
    /// It was never heard of: perhaps it has no grant yet.
    case grant

    /// - Parameters:
    ///   - cursor: Where central stands.
    ///   - coverage: What the terminal is to receive.
    ///   - isAsked: Whether central wants something of the terminal.
    init(_ terminal: TerminalRow, cursor: Cursor, coverage: Coverage, isAsked: Bool) {
        if terminal.seen == 0 {
            self = .grant
        } else {
            let isBehind = terminal.cursor != cursor || terminal.coverage != coverage || terminal.pending > 0
            self = isBehind || isAsked ? .answer : .nothing
        }
    }
}
