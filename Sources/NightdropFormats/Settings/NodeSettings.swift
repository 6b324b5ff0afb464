import NightdropModel
import Yams

/// What is wrong with `nightdrop.yaml`, and where.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file.
    public let file: String
    /// The line, counted from 1; 0 where it is about the whole file.
    public let line: Int
    /// What is wrong and what to do.
    public let reason: String

    /// An error.
    public init(file: String, line: Int, reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    /// One sentence.
    public var description: String { line > 0 ? "\(file), line \(line): \(reason)" : "\(file): \(reason)" }
}

/// The settings of a node: `nightdrop.yaml` in its directory.
public struct NodeSettings: Sendable, Equatable {
    /// What a node is.
    public enum Role: String, Sendable, CaseIterable {
        /// Head office.
        case central
        /// A till.
        case terminal
    }

    /// What the node is.
    public var role: Role
    /// Its id.
    public var id: NodeID
    /// A terminal's store.
    public var store: NodeID?
    /// The organisation; a terminal learns it with its grant.
    public var organisation: String?
    /// The id of head office; a terminal learns it with its grant.
    public var central: NodeID?
    /// The fingerprint of head office's key that a grant must bear, `SHA256:…`; nil to trust the first grant.
    public var centralFingerprint: String?
    /// The entities that a terminal wishes to receive; nil for all.
    public var receive: [String]?
    /// How long head office waits for a program that decides a conflict, in seconds.
    public var hookTimeout = NodeSettings.defaultHookTimeout
    /// The default of `hookTimeout`.
    public static let defaultHookTimeout = 2.0
    /// How many days head office keeps what a silent terminal may need, such as tombstones; nil for the default.
    public var retentionDays: Int?

    /// The days that hold where the settings say nothing.
    public static let defaultRetentionDays = 90
    /// How it watches exchange directories; the defaults if that section is wrong.
    public var watch = WatchSettings()
    /// What is wrong with the section `watch`. Whoever sells or reads does without it; see `checkedWatch`.
    public var watchError: SettingsError?

    /// Settings.
    public init(
        role: Role, id: NodeID, store: NodeID? = nil, organisation: String? = nil, central: NodeID? = nil,
        centralFingerprint: String? = nil, receive: [String]? = nil
    ) {
        self.role = role
        self.id = id
        self.store = store
        self.organisation = organisation
        self.central = central
        self.centralFingerprint = centralFingerprint
        self.receive = receive
    }

    /// How it watches exchange directories, for whoever must not go by the defaults where something else was meant.
    public func checkedWatch() throws(SettingsError) -> WatchSettings {
        if let watchError { throw watchError }
        return watch
    }

    /// The text of the file; without what could not be read of it, see `watchError`.
    public var yaml: String {
        var lines = ["role: \(role.rawValue)", "id: \(quoted(id.text))"]
        if let store { lines.append("store: \(quoted(store.text))") }
        if let organisation { lines.append("organisation: \(quoted(organisation))") }
        if let central { lines.append("central: \(quoted(central.text))") }
        if let centralFingerprint { lines.append("centralFingerprint: \(quoted(centralFingerprint))") }
        if let retentionDays { lines.append("retention: \(retentionDays)") }
        if let receive { lines.append("receive: [\(receive.map(quoted).joined(separator: ", "))]") }
        if hookTimeout != NodeSettings.defaultHookTimeout { lines.append("hookTimeout: \(hookTimeout)") }
        return lines.joined(separator: "\n") + "\n" + watch.yaml
    }

    /// Reads the text of the file. What is wrong with its section `watch` only is kept in `watchError`.
    public init(yaml: String, file: String) throws(SettingsError) {
        let node: Node?
        do { node = try Yams.compose(yaml: yaml) } catch {
            throw SettingsError(file: file, line: 0, reason: "\(error)")
        }
        guard let mapping = node?.mapping else {
            throw SettingsError(file: file, line: 1, reason: "settings are missing")
        }
        var texts: [String: (text: String, line: Int)] = [:]
        var receive: [String]?
        var watch = WatchSettings()
        var watchError: SettingsError?
        for (key, value) in mapping {
            guard let name = key.string, NodeSettings.keys.contains(name) else {
                throw SettingsError(
                    file: file, line: key.mark?.line ?? 0,
                    reason: "there is no setting \"\(key.string ?? "?")\"; "
                        + ClosestWord.suggestion(for: key.string ?? "?", among: NodeSettings.keys))
            }
            if name == "watch" {
                do throws(SettingsError) { watch = try WatchSettings(value, file: file) } catch { watchError = error }
                continue
            }
            if name == "receive" {
                receive = try NodeSettings.entities(value, file)
                continue
            }
            guard let scalar = value.scalar else {
                throw SettingsError(file: file, line: value.mark?.line ?? 0, reason: "\"\(name)\" takes one value")
            }
            texts[name] = (scalar.string, value.mark?.line ?? 0)
        }
        func need(_ name: String) throws(SettingsError) -> (text: String, line: Int) {
            guard let text = texts[name] else {
                throw SettingsError(file: file, line: 0, reason: "the setting \"\(name)\" is missing")
            }
            return text
        }
        func nodeID(_ name: String) throws(SettingsError) -> NodeID? {
            guard let (text, line) = texts[name] else { return nil }
            guard let id = NodeID(text) else {
                throw SettingsError(
                    file: file, line: line, reason: "\"\(text)\" is no id: 1 to 16 letters, digits, '-' and '_'")
            }
            return id
        }
        let (word, line) = try need("role")
        guard let role = Role(rawValue: word) else {
            throw SettingsError(file: file, line: line, reason: "role is \"central\" or \"terminal\", not \"\(word)\"")
        }
        _ = try need("id")
        guard let id = try nodeID("id") else { throw SettingsError(file: file, line: 0, reason: "\"id\" is missing") }
        if role == .terminal { _ = try need("store") }
        self.init(
            role: role, id: id, store: try nodeID("store"), organisation: texts["organisation"]?.text,
            central: try nodeID("central"), centralFingerprint: texts["centralFingerprint"]?.text,
            receive: receive)
        if let (text, line) = texts["hookTimeout"] {
            guard let seconds = Double(text), (0.1...60).contains(seconds) else {
                throw SettingsError(
                    file: file, line: line, reason: "hookTimeout is a number of seconds from 0.1 to 60, not \"\(text)\""
                )
            }
            hookTimeout = seconds
        }
        if let (text, line) = texts["retention"] {
            guard let days = Int(text), (0...36_500).contains(days) else {
                throw SettingsError(file: file, line: line, reason: "retention is a number of days, not \"\(text)\"")
            }
            retentionDays = days
        }
        self.watch = watch
        self.watchError = watchError
    }

    private static let keys = [
        "role", "id", "store", "organisation", "central", "centralFingerprint", "receive", "hookTimeout", "retention",
        "watch",
    ]

    private static func entities(_ value: Node, _ file: String) throws(SettingsError) -> [String] {
        let names = value.sequence?.map { $0.string } ?? [nil]
        guard !names.contains(where: { $0.map { EntityName.isValid($0.utf8) } != true }) else {
            throw SettingsError(
                file: file, line: value.mark?.line ?? 0,
                reason: "\"receive\" takes a list of entities, such as [product, customer]; leave it out to receive all"
            )
        }
        return names.compactMap(\.self)
    }

    private func quoted(_ text: String) -> String { JSONString.quoted(text) }
}
