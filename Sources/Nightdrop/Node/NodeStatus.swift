import NightdropFormats
import NightdropModel

/// What an operator or a POS may want to know of a node: the shape of `status` and of `status.json`.
public struct NodeStatus: Sendable, Equatable {
    /// What the node is doing.
    public enum State: String, Sendable {
        /// Nothing.
        case idle
        /// Exchanging bundles.
        case syncing
        /// The last exchange failed, see `error`.
        case failed
    }

    /// The counts of one entity.
    public struct Counts: Sendable, Equatable {
        /// Operations without a receipt.
        public var pending: Int64 = 0
        /// Operations that central refused or keeps open, by notice.
        public var failed: Int64 = 0
        /// Operations covered by a receipt.
        public var synced: Int64 = 0
        /// Open conflicts that notices tell of.
        public var conflicts: Int64 = 0

        /// All zero.
        public init() {}

        /// Whether all are zero.
        public var isEmpty: Bool { self == Counts() }

        /// Adds others.
        public mutating func add(_ other: Counts) {
            pending += other.pending
            failed += other.failed
            synced += other.synced
            conflicts += other.conflicts
        }

        fileprivate var json: JSONValue {
            [
                "pending": .integer(pending), "failed": .integer(failed), "synced": .integer(synced),
                "conflicts": .integer(conflicts),
            ]
        }
    }

    /// The node.
    public var node: NodeID
    /// What it is doing.
    public var state: State = .idle
    /// Whether its exchange directory could be reached last time; nil if it never tried.
    public var online: Bool?
    /// When it last took in or wrote a bundle, in milliseconds since 1970.
    public var lastExchange: Int64?
    /// What went wrong and what to do about it.
    public var error: String?
    /// What to say where nothing is pending, failed or in conflict.
    public var rest = "everything is sent"
    /// Whether a bundle that lies here is refused for who it is from, or central refuses this node's key.
    public var notPermitted = false
    /// Whether it is the latter; `error` says what to do.
    public var isKeyRefused = false
    /// Changes of central that wait for approval.
    public var pendingApproval: Int64 = 0
    /// By entity.
    public var tables: [String: Counts] = [:]
    /// The directories that `watch` keeps in step with.
    public var directories: [WatchReport.Directory] = []
    /// Bundles that could not be taken in.
    public var failedBundles: [WatchReport.Bundle] = []
    /// What somebody should look at: of this terminal, or at head office of all.
    public var alerts: [Alert] = []

    /// What opening the node has found and a person should know; told to whoever has opened it, and so in no file.
    public var remark: String?

    /// A status.
    public init(node: NodeID) { self.node = node }

    /// All entities together.
    public var totals: Counts {
        tables.values.reduce(into: Counts()) { $0.add($1) }
    }

    /// One plain sentence.
    public var summary: String {
        let totals = totals
        var parts: [String] = []
        if totals.pending > 0 { parts.append("\(totals.pending) to send") }
        if totals.failed > 0 { parts.append("\(totals.failed) failed") }
        if totals.conflicts > 0 { parts.append("\(totals.conflicts) in conflict") }
        if alerts.contains(where: { $0.kind == .silent }) {
            let silent = alerts.filter { $0.kind == .silent }.count
            parts.append(silent == 1 ? "1 till silent" : "\(silent) tills silent")
        }
        let refused = alerts.count { $0.kind == .refused }
        if refused > 0 { parts.append("bundles of \(refused == 1 ? "1 till" : "\(refused) tills") refused") }
        return parts.isEmpty ? rest : parts.joined(separator: ", ")
    }

    private var watchJSON: JSONValue {
        var report = WatchReport()
        report.isSyncing = state == .syncing
        report.directories = directories
        report.bundles = failedBundles
        return report.json
    }

    /// As the command line prints it.
    public var json: JSONValue {
        [
            "node": .string(node.text), "state": .string(state.rawValue), "online": online.map { .bool($0) } ?? .null,
            "lastExchange": .optional(lastExchange.map { Timestamp.text(milliseconds: $0) }), "error": .optional(error),
            "notPermitted": .bool(notPermitted), "pendingApproval": .integer(pendingApproval),
            "tables": .object(tables.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value.json) }),
            "totals": totals.json, "summary": .string(summary), "watch": watchJSON,
            "alerts": .array(alerts.map(\.json)),
        ]
    }
}
