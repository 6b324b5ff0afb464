import NightdropModel
import Yams

/// How a node watches its exchange directories: `watch` in `nightdrop.yaml`. Times are in milliseconds here, in seconds in
/// the file.
public struct WatchSettings: Sendable, Equatable {
    /// What to do with a large change of head office.
    public enum LargeChanges: String, Sendable, CaseIterable {
        /// It waits for `nightdrop apply`.
        case ask
        /// It goes in at once, in small transactions.
        case background
    }

    /// The directories that are watched, besides those of the command line.
    public var directories: [String] = []
    /// Whether every mounted medium that bears our marker is watched, too.
    public var removable = false
    /// The time between two looks at a directory that reports nothing.
    public var interval: Int64 = 300_000
    /// After how many retries something counts as failed.
    public var retries: Int64 = 5
    /// The longest wait between two retries.
    public var retryLimit: Int64 = 300_000
    /// After how many failures in a row nothing is tried for a while.
    public var breakerFailures: Int64 = 3
    /// For how long.
    public var breakerPause: Int64 = 30_000
    /// A directory that leaves a call of the system unanswered for so long is said not to answer.
    public var patience: Int64 = 30_000
    /// How often a terminal sends word though it has nothing to send.
    public var heartbeat: Int64 = 3_600_000
    /// How many records a change may touch that is applied without asking, if large changes ask.
    public var autoApplyLimit: Int64 = 50
    /// What to do with larger ones.
    public var largeChanges = LargeChanges.background
    /// With how many pending operations a terminal is worth an alert.
    public var alertPending: Int64 = 100
    /// With how many failed ones.
    public var alertFailed: Int64 = 5
    /// After how long a silence.
    public var alertSilent: Int64 = 86_400_000

    /// The defaults.
    public init() {}

    private enum Unit { case milliseconds, count }

    private typealias Number = (key: String, path: WritableKeyPath<WatchSettings, Int64>, unit: Unit)

    private static var numbers: [Number] {
        [
            ("interval", \.interval, .milliseconds), ("retries", \.retries, .count),
            ("retryLimit", \.retryLimit, .milliseconds), ("breakerFailures", \.breakerFailures, .count),
            ("breakerPause", \.breakerPause, .milliseconds), ("patience", \.patience, .milliseconds),
            ("heartbeat", \.heartbeat, .milliseconds), ("autoApplyLimit", \.autoApplyLimit, .count),
            ("alertPending", \.alertPending, .count), ("alertFailed", \.alertFailed, .count),
            ("alertSilent", \.alertSilent, .milliseconds),
        ]
    }

    private static let keys = ["directories", "removable"] + numbers.map(\.key) + ["largeChanges"]

    /// The lines of the file, those settings only that are not the defaults; empty if all are.
    var yaml: String {
        let defaults = WatchSettings()
        var lines: [String] = []
        if !directories.isEmpty {
            lines.append("directories: [\(directories.map { JSONString.quoted($0) }.joined(separator: ", "))]")
        }
        if removable { lines.append("removable: true") }
        for (key, path, unit) in WatchSettings.numbers where self[keyPath: path] != defaults[keyPath: path] {
            let value = self[keyPath: path]
            lines.append("\(key): \(unit == .count ? String(value) : WatchSettings.seconds(value))")
        }
        if largeChanges != defaults.largeChanges { lines.append("largeChanges: \(largeChanges.rawValue)") }
        return lines.isEmpty ? "" : "watch:\n" + lines.map { "  \($0)\n" }.joined()
    }

    /// Reads the section.
    init(_ node: Node, file: String) throws(SettingsError) {
        self.init()
        guard let mapping = node.mapping else {
            throw SettingsError(file: file, line: node.mark?.line ?? 0, reason: "\"watch\" is a list of settings")
        }
        for (keyNode, value) in mapping {
            let key = keyNode.string ?? "?"
            guard WatchSettings.keys.contains(key) else {
                throw SettingsError(
                    file: file, line: keyNode.mark?.line ?? 0,
                    reason: "there is no setting \"watch.\(key)\"; "
                        + ClosestWord.suggestion(for: key, among: WatchSettings.keys))
            }
            guard take(key, value) else {
                throw SettingsError(
                    file: file, line: value.mark?.line ?? 0,
                    reason: "\"watch.\(key)\" is \(WatchSettings.expectation(of: key))")
            }
        }
    }

    private mutating func take(_ key: String, _ node: Node) -> Bool {
        switch key {
        case "directories":
            guard let paths = node.sequence?.compactMap(\.string), paths.count == node.sequence?.count,
                !paths.contains("")
            else { return false }
            directories = paths
        case "removable":
            guard let value = node.bool else { return false }
            removable = value
        case "largeChanges":
            guard let value = node.string.flatMap(LargeChanges.init) else { return false }
            largeChanges = value
        default:
            guard let entry = WatchSettings.numbers.first(where: { $0.key == key }), let text = node.scalar?.string,
                let value = entry.unit == .count ? WatchSettings.count(text) : WatchSettings.milliseconds(text)
            else { return false }
            self[keyPath: entry.path] = value
        }
        return true
    }

    private static func expectation(of key: String) -> String {
        switch key {
        case "directories": "a list of paths"
        case "removable": "true or false"
        case "largeChanges": LargeChanges.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
        default:
            numbers.first { $0.key == key }?.unit == .count
                ? "a number from 0 to 1000000000" : "a number of seconds, 0.05 or more, such as 300"
        }
    }

    private static func count(_ text: String) -> Int64? {
        Int64(text).flatMap { (0...1_000_000_000).contains($0) ? $0 : nil }
    }

    /// Seconds with up to three decimals, from 0.05 to ten years.
    public static func milliseconds(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let seconds = digits(parts[0]), seconds <= 315_360_000 else { return nil }
        var fraction: Int64 = 0
        if parts.count == 2 {
            guard parts[1].count <= 3, let value = digits(parts[1]) else { return nil }
            fraction = value * [1000, 100, 10, 1][parts[1].count]
        }
        let value = seconds * 1000 + fraction
        return value >= 50 ? value : nil
    }

    private static func digits(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        let (whole, rest) = (milliseconds / 1000, milliseconds % 1000)
        guard rest > 0 else { return String(whole) }
        return "\(whole)." + String(String(rest + 1000).dropFirst())
    }
}
