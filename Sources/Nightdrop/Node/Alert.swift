import NightdropFormats
import NightdropModel
import NightdropStore

/// A figure of a terminal that somebody should look at.
public struct Alert: Sendable, Hashable {
    /// What the figure is.
    public enum Kind: String, Sendable, CaseIterable {
        /// Operations that head office has not confirmed.
        case pending
        /// Operations that head office refused or keeps open.
        case failed
        /// Seconds since the terminal was last heard of.
        case silent
        /// A bundle that head office refused, with none merged since.
        case refused
    }

    /// The terminal.
    public let terminal: NodeID
    /// What the figure is.
    public let kind: Kind
    /// The figure.
    public let value: Int64
    /// What it may be.
    public let limit: Int64
    /// The bundle that was refused.
    public var refused: RefusedBundle?

    /// One plain sentence.
    public var text: String {
        switch kind {
        case .pending: "\(terminal) has \(value) operations to send, more than \(limit)"
        case .failed: "\(terminal) has \(value) operations that failed, more than \(limit)"
        case .silent: "\(terminal) was last heard of \(Alert.span(value)) ago"
        case .refused:
            "the last bundle of \(terminal) was refused"
                + (refused.map { " at \(Timestamp.text(milliseconds: $0.at)): \($0.reason) (\($0.bundle))" } ?? "")
        }
    }

    /// As `status` and `terminals` print it.
    public var json: JSONValue {
        [
            "alert": .string(kind.rawValue), "terminal": .string(terminal.text), "value": .integer(value),
            "limit": .integer(limit), "text": .string(text),
        ]
    }

    /// The figures of a terminal that are beyond the limits. `seen` is when it was last heard of, in milliseconds since
    /// 1970; one that was never heard of, 0, is not silent but new. `refused` is its last bundle, where that was refused.
    public static func check(
        _ terminal: NodeID, pending: Int64, failed: Int64, seen: Int64, refused: RefusedBundle? = nil, now: Int64,
        limits: WatchSettings
    ) -> [Alert] {
        var alerts: [Alert] = []
        func add(_ kind: Kind, _ value: Int64, _ limit: Int64) {
            if value > limit { alerts.append(Alert(terminal: terminal, kind: kind, value: value, limit: limit)) }
        }
        add(.pending, pending, limits.alertPending)
        add(.failed, failed, limits.alertFailed)
        if seen > 0 { add(.silent, (now - seen) / 1000, limits.alertSilent / 1000) }
        if refused != nil {
            alerts.append(Alert(terminal: terminal, kind: .refused, value: 1, limit: 0, refused: refused))
        }
        return alerts
    }

    private static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(seconds) seconds"
        case ..<7200: "\(seconds / 60) minutes"
        case ..<172_800: "\(seconds / 3600) hours"
        default: "\(seconds / 86400) days"
        }
    }
}
