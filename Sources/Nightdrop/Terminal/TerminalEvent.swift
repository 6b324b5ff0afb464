import NightdropModel

/// Something that happened at a terminal, for whoever watches.
public enum TerminalEvent: Sendable, Equatable {
    /// A commit of this process became durable.
    case recorded(first: Int64, last: Int64)
    /// Changes from central became visible.
    case applied(records: Int64)
    /// Bundles were written.
    case exported(files: [String])
    /// `status` shows something else now.
    case statusChanged
}
