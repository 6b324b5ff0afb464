import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

/// Figures in Prometheus' text format, for the textfile collector of node_exporter.
struct Metrics {
    private var text = ""

    init(_ status: NodeStatus, _ board: StatusBoard, _ role: WatchedNode.Role) throws {
        add("nightdrop_watch_published_timestamp_seconds", "gauge", "When these figures were written.") {
            [([], Metrics.seconds(Clocks.wall()))]
        }
        let tables = status.tables.sorted { $0.key < $1.key }
        add("nightdrop_pending_operations", "gauge", "Operations that head office has not confirmed.") {
            tables.map { ([("entity", $0.key)], "\($0.value.pending)") }
        }
        add("nightdrop_failed_operations", "gauge", "Operations that head office refused or keeps open.") {
            tables.map { ([("entity", $0.key)], "\($0.value.failed)") }
        }
        add("nightdrop_conflicts", "gauge", "Conflicts that wait for a person.") {
            tables.map { ([("entity", $0.key)], "\($0.value.conflicts)") }
        }
        add("nightdrop_pending_approval_records", "gauge", "Records of a large change that waits for approval.") {
            [([], "\(status.pendingApproval)")]
        }
        add("nightdrop_last_exchange_timestamp_seconds", "gauge", "When something last went in or out.") {
            status.lastExchange.map { [([], Metrics.seconds($0))] } ?? []
        }
        addDirectories(status, board)
        add("nightdrop_alerts", "gauge", "Figures of terminals that are beyond their limits.") {
            Alert.Kind.allCases.map { kind in
                ([("alert", kind.rawValue)], "\(status.alerts.filter { $0.kind == kind }.count)")
            }
        }
        if case .central(let central) = role { try addTerminals(central) }
    }

    /// Replaces the file in one step, so that nobody reads half of it.
    func write(to path: String, _ fileSystem: any FileSystem) throws {
        try fileSystem.publish(path, durably: false) { file in
            try Array(text.utf8).withUnsafeBytes { try file.write($0, at: 0) }
        }
    }

    private mutating func addDirectories(_ status: NodeStatus, _ board: StatusBoard) {
        add("nightdrop_directory_reachable", "gauge", "Whether the exchange directory is there.") {
            status.directories.map { ([("directory", $0.path)], $0.isReachable ? "1" : "0") }
        }
        add("nightdrop_directory_failed", "gauge", "Whether retries have not helped.") {
            status.directories.map { ([("directory", $0.path)], $0.hasFailed ? "1" : "0") }
        }
        let counters: [(String, String, KeyPath<StatusBoard.Counts, Int64>)] = [
            ("exchanges", "Exchanges that went well.", \.exchanges), ("failures", "Exchanges that failed.", \.failures),
            ("bundles_taken", "Bundles that brought something new.", \.taken),
            ("operations_taken", "Operations or changes that were new.", \.new),
            ("bundles_refused", "Bundles that were refused or not whole.", \.refused),
            ("bundles_written", "Bundles written.", \.written),
        ]
        for (name, help, path) in counters {
            add("nightdrop_\(name)_total", "counter", help) {
                board.counts.map { ([("directory", $0.path)], "\($0.counts[keyPath: path])") }
            }
        }
        add("nightdrop_failed_bundles", "gauge", "Bundles that cannot be taken in.") {
            [([], "\(status.failedBundles.count)")]
        }
    }

    private mutating func addTerminals(_ central: Central) throws {
        let terminals = try central.terminals()
        add("nightdrop_terminal_last_seen_timestamp_seconds", "gauge", "When the terminal was last heard of.") {
            terminals.map { ([("terminal", $0.node.text)], Metrics.seconds($0.seen)) }
        }
        add(
            "nightdrop_terminal_pending_operations", "gauge",
            "What the terminal has still to send, by its last bundle."
        ) {
            terminals.map { ([("terminal", $0.node.text)], "\($0.pending)") }
        }
    }

    private mutating func add(
        _ name: String, _ type: String, _ help: String, _ samples: () -> [(labels: [(String, String)], value: String)]
    ) {
        let samples = samples()
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.0)=\"\(Metrics.escaped($0.1))\"" }.joined(separator: ",")
            text += labels.isEmpty ? "\(name) \(sample.value)\n" : "\(name){\(labels)} \(sample.value)\n"
        }
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        "\(milliseconds / 1000).\(String(String(milliseconds % 1000 + 1000).dropFirst()))"
    }

    private static func escaped(_ value: String) -> String {
        var out = ""
        for character in value {
            switch character {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(character)
            }
        }
        return out
    }
}
