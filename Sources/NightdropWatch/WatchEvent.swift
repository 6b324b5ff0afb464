import Nightdrop
import NightdropFormats
import NightdropModel

/// Something that a watch did or noticed.
public enum WatchEvent: Sendable {
    /// It runs.
    case started(node: NodeID, directories: [String])
    /// It has read its settings again.
    case reloaded
    /// The settings could not be read again; the old ones hold.
    case notReloaded(reason: String)
    /// It has ended.
    case stopped
    /// A medium with our marker was mounted.
    case mounted(directory: String)
    /// It was unmounted.
    case unmounted(directory: String)
    /// A directory can be reached.
    case reachable(directory: String)
    /// A directory cannot be reached; nothing is concluded from that.
    case unreachable(directory: String, reason: String)
    /// A directory does not answer: since that time, in milliseconds since 1970, a call of the system has not returned.
    case unanswered(directory: String, since: Int64, reason: String)
    /// It answers again, after some milliseconds.
    case answered(directory: String, milliseconds: Int64)
    /// An exchange begins.
    case exchanging(directory: String)
    /// A bundle was taken in, or could not be.
    case bundle(directory: String, BundleOutcome)
    /// An exchange is done.
    case exchanged(directory: String, ExchangeSummary)
    /// Head office has written return bundles of its own accord.
    case updated(directory: String, terminals: Int)
    /// An exchange failed, the how manieth time in a row, and is tried again after some milliseconds.
    case failed(directory: String, reason: String, failures: Int64, retryAfter: Int64)
    /// After failures in a row, nothing is tried for some milliseconds.
    case paused(directory: String, milliseconds: Int64)
    /// The status shows another state.
    case status(NodeStatus)
    /// A figure is beyond its limit.
    case alert(Alert)
    /// It no longer is.
    case alertOver(Alert)
    /// Something of the watch itself failed, and is tried again.
    case trouble(reason: String)

    /// How much an event matters.
    public enum Level: String, Sendable {
        /// For whoever looks for the cause of something.
        case debug
        /// Something happened.
        case info
        /// Somebody may have to look.
        case warning
    }
}

/// What one exchange did.
public struct ExchangeSummary: Sendable, Equatable {
    /// Bundles taken in that brought something new.
    public var taken = 0
    /// Operations or changes that were new.
    public var new: Int64 = 0
    /// Bundles that wait for something before them.
    public var waiting = 0
    /// Bundles that were refused or are not whole.
    public var refused = 0
    /// Files written.
    public var written = 0
    /// Operations in them.
    public var sent: Int64 = 0
    /// How long it took, in milliseconds.
    public var milliseconds: Int64 = 0

    /// Whether nothing happened.
    public var isEmpty: Bool { taken == 0 && written == 0 && refused == 0 && waiting == 0 }
}

extension WatchEvent {
    /// How much it matters. Where nothing happens, nothing is above `debug`.
    public var level: Level {
        switch self {
        case .exchanging, .status, .paused: .debug
        case .failed(_, _, let failures, _): failures <= WatchEvent.toldFailures ? .warning : .debug
        case .exchanged(_, let summary): summary.taken == 0 && summary.written == 0 ? .debug : .info
        case .bundle(_, let outcome):
            switch outcome.outcome {
            case .refused, .incomplete: .warning
            case .known where outcome.reason != nil: .warning
            default: .debug
            }
        case .unreachable, .unanswered, .alert, .notReloaded, .trouble: .warning
        default: .info
        }
    }

    /// After so many in a row, one more failure is no news.
    private static let toldFailures: Int64 = 6

    /// Its name in logs and in JSON.
    public var name: String {
        switch self {
        case .started: "started"
        case .reloaded: "reloaded"
        case .notReloaded: "not-reloaded"
        case .stopped: "stopped"
        case .mounted: "mounted"
        case .unmounted: "unmounted"
        case .reachable: "reachable"
        case .unreachable: "unreachable"
        case .unanswered: "unanswered"
        case .answered: "answered"
        case .exchanging: "exchanging"
        case .bundle: "bundle"
        case .exchanged: "exchanged"
        case .updated: "updated"
        case .failed: "failed"
        case .paused: "paused"
        case .status: "status"
        case .alert: "alert"
        case .alertOver: "alert-over"
        case .trouble: "trouble"
        }
    }

    /// Its details, in order.
    public var fields: [JSONValue.Member] {
        switch self {
        case .reloaded, .stopped: []
        case .started(let node, let directories):
            [.init("node", .string(node.text)), .init("directories", .array(directories.map { .string($0) }))]
        case .notReloaded(let reason), .trouble(let reason): [.init("reason", .string(reason))]
        case .mounted(let path), .unmounted(let path), .reachable(let path), .exchanging(let path):
            [.init("directory", .string(path))]
        case .unreachable(let path, let reason):
            [.init("directory", .string(path)), .init("reason", .string(reason))]
        case .unanswered(let path, let since, let reason):
            [
                .init("directory", .string(path)), .init("since", .string(Timestamp.text(milliseconds: since))),
                .init("reason", .string(reason)),
            ]
        case .bundle(let path, let outcome): [.init("directory", .string(path))] + outcome.fields
        case .exchanged(let path, let summary): [.init("directory", .string(path))] + summary.fields
        case .updated(let path, let terminals):
            [.init("directory", .string(path)), .init("terminals", .integer(terminals))]
        case .failed(let path, let reason, let failures, let retryAfter):
            [
                .init("directory", .string(path)), .init("reason", .string(reason)),
                .init("failures", .integer(failures)), .init("retryAfterMilliseconds", .integer(retryAfter)),
            ]
        case .answered(let path, let milliseconds), .paused(let path, let milliseconds):
            [.init("directory", .string(path)), .init("milliseconds", .integer(milliseconds))]
        case .status(let status):
            [
                .init("state", .string(status.state.rawValue)),
                .init("online", status.online.map { .bool($0) } ?? .null),
                .init("pending", .integer(status.totals.pending)), .init("failed", .integer(status.totals.failed)),
                .init("conflicts", .integer(status.totals.conflicts)),
                .init("pendingApproval", .integer(status.pendingApproval)), .init("error", .optional(status.error)),
            ]
        case .alert(let alert), .alertOver(let alert): alert.json.members ?? []
        }
    }

    /// One JSON object: when, which event, and its details.
    public func json(at milliseconds: Int64) -> JSONValue {
        .object(
            [
                .init("at", .string(Timestamp.text(milliseconds: milliseconds))), .init("event", .string(name)),
                .init("level", .string(level.rawValue)),
            ] + fields)
    }

    /// One line of `key=value` words; what holds spaces stands in quotes.
    public func line(at milliseconds: Int64) -> String {
        let words = fields.filter { !$0.value.isNull }.map { "\($0.name)=\(WatchEvent.word($0.value))" }
        return ([Timestamp.text(milliseconds: milliseconds), level.rawValue, name] + words).joined(separator: " ")
    }

    private static func word(_ value: JSONValue) -> String {
        guard let text = value.text else { return value.compact }
        let isPlain =
            !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C && $0 != 0x3D }
        return isPlain ? text : value.compact
    }
}

extension BundleOutcome {
    fileprivate var fields: [JSONValue.Member] {
        [
            .init("file", .string(file)), .init("from", .optional(from)), .init("outcome", .string(outcome.rawValue)),
            .init("reason", .optional(reason)), .init("operations", .integer(total)), .init("new", .integer(new)),
            .init("conflicts", .integer(conflicts)),
        ]
    }
}

extension ExchangeSummary {
    fileprivate var fields: [JSONValue.Member] {
        [
            .init("taken", .integer(taken)), .init("new", .integer(new)), .init("waiting", .integer(waiting)),
            .init("refused", .integer(refused)), .init("written", .integer(written)), .init("sent", .integer(sent)),
            .init("milliseconds", .integer(milliseconds)),
        ]
    }
}
