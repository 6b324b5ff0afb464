import NightdropFiles
import NightdropFormats
import NightdropModel

/// What `watch` knows of its directories: kept in `watch.json`, so that every process can show it as part of the status.
///
/// It holds while the watch runs; what it says is nothing to anybody after that.
public struct WatchReport: Sendable, Equatable {
    /// An exchange directory.
    public struct Directory: Sendable, Equatable {
        /// Where it is.
        public var path: String
        /// Whether it could be reached last time.
        public var isReachable: Bool
        /// When something last went in or out there, in milliseconds since 1970.
        public var lastExchange: Int64?
        /// What is wrong and what to do.
        public var error: String?
        /// Whether that counts as failed: retries have not helped.
        public var hasFailed = false
        /// Since when a call of the system on it has not returned, in milliseconds since 1970; nil if it answers.
        public var unansweredSince: Int64?

        /// What is wrong, with the directory's name, if that counts as failed.
        public var failure: String? { hasFailed ? error.map { "\(path): \($0)" } : nil }

        /// A directory.
        public init(path: String, isReachable: Bool) {
            self.path = path
            self.isReachable = isReachable
        }
    }

    /// A bundle that could not be taken in, and that trying again has not helped.
    public struct Bundle: Sendable, Equatable {
        /// The file.
        public var file: String
        /// Why.
        public var error: String

        /// A bundle.
        public init(file: String, error: String) {
            self.file = file
            self.error = error
        }
    }

    /// Whether an exchange is going on.
    public var isSyncing = false
    /// The directories, in the order in which they are watched.
    public var directories: [Directory] = []
    /// The bundles that failed.
    public var bundles: [Bundle] = []

    /// A report of nothing.
    public init() {}

    /// Whether at least one directory can be reached; nil if none is watched.
    public var isOnline: Bool? { directories.isEmpty ? nil : directories.contains(where: \.isReachable) }

    /// What is wrong, if anything counts as failed.
    public var error: String? {
        directories.lazy.compactMap(\.failure).first
            ?? bundles.first.map { "\($0.file): \($0.error)" }
    }

    /// As it is kept, and as `status` shows it.
    public var json: JSONValue {
        [
            "syncing": .bool(isSyncing), "directories": .array(directories.map(\.json)),
            "failedBundles": .array(bundles.map(\.json)),
        ]
    }

    /// From what was kept; nil if these are not the bytes of a report.
    init?(_ bytes: [UInt8]) {
        guard let json = try? JSONValue.parse(bytes), let directories = json["directories"]?.elements else {
            return nil
        }
        isSyncing = json["syncing"]?.bool ?? false
        self.directories = directories.compactMap(Directory.init)
        bundles = (json["failedBundles"]?.elements ?? []).compactMap(Bundle.init)
    }

    /// Keeps the report for whoever shows the node's status. Not synced: after a power cut it is made again.
    public func write(to node: NodeDirectory, _ fileSystem: any FileSystem) throws {
        try fileSystem.publish(node.watchReport, durably: false) { file in
            try (json.bytes + [UInt8(ascii: "\n")]).withUnsafeBytes { try file.write($0, at: 0) }
        }
    }

    /// The report of the watch that runs on a node; nil if none does.
    static func read(_ node: NodeDirectory, _ fileSystem: any FileSystem) -> WatchReport? {
        guard let bytes = try? fileSystem.contents(node.watchReport), let report = WatchReport(bytes) else {
            return nil
        }
        return isRunning(node, fileSystem) ? report : nil
    }

    /// Whether somebody holds the lock of the watch.
    private static func isRunning(_ node: NodeDirectory, _ fileSystem: any FileSystem) -> Bool {
        guard (try? fileSystem.status(node.watchLock)) != nil else { return false }
        do throws(FileError) {
            let lock = try fileSystem.lock(node.watchLock, wait: false)
            return withExtendedLifetime(lock) { false }
        } catch { return error.kind == .locked }
    }
}

extension WatchReport.Directory {
    fileprivate init?(_ json: JSONValue) {
        guard let path = json["path"]?.text else { return nil }
        self.init(path: path, isReachable: json["reachable"]?.bool ?? false)
        lastExchange = json["lastExchange"]?.text.flatMap { Timestamp.milliseconds($0) }
        error = json["error"]?.text
        hasFailed = json["failed"]?.bool ?? false
        unansweredSince = json["unansweredSince"]?.text.flatMap { Timestamp.milliseconds($0) }
    }

    fileprivate var json: JSONValue {
        [
            "path": .string(path), "reachable": .bool(isReachable),
            "lastExchange": .optional(lastExchange.map { Timestamp.text(milliseconds: $0) }), "error": .optional(error),
            "failed": .bool(hasFailed),
            "unansweredSince": .optional(unansweredSince.map { Timestamp.text(milliseconds: $0) }),
        ]
    }
}

extension WatchReport.Bundle {
    fileprivate init?(_ json: JSONValue) {
        guard let file = json["file"]?.text else { return nil }
        self.init(file: file, error: json["error"]?.text ?? "")
    }

    fileprivate var json: JSONValue { ["file": .string(file), "error": .string(error)] }
}

extension NodeStatus {
    private static let permissionReasons = ["unsigned", "unknown-key", "revoked-key", "wrong-organisation"]

    /// Adds what the watch knows.
    mutating func add(_ report: WatchReport?) {
        guard let report else { return }
        online = report.isOnline
        directories = report.directories
        failedBundles = report.bundles
        notPermitted = report.bundles.contains { bundle in
            NodeStatus.permissionReasons.contains { bundle.error.hasPrefix($0) }
        }
        lastExchange = [lastExchange, report.directories.compactMap(\.lastExchange).max()].compactMap(\.self).max()
        error = error ?? report.error
        state = error != nil ? .failed : report.isSyncing ? .syncing : .idle
    }
}
