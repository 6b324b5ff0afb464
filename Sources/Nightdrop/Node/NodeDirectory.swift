import Glibc
import NightdropFiles
import NightdropModel

/// Where everything of a node stands.
public struct NodeDirectory: Sendable, Hashable {
    /// The node's directory.
    public let path: String

    /// A node's directory.
    public init(_ path: String) { self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path }

    /// The settings.
    public var settings: String { path + "/nightdrop.yaml" }
    /// The policy.
    public var policy: String { path + "/policy.yaml" }
    /// The keys, for their owner only.
    public var keys: String { path + "/keys" }
    /// The signing key, in OpenSSH's format; the public half beside it ends in `.pub`.
    public var signingKey: String { keys + "/signing_key" }
    /// Whose signatures count.
    public var allowedSigners: String { keys + "/allowed_signers" }
    /// The fingerprints of keys that no longer count.
    public var revokedKeys: String { keys + "/revoked" }
    /// The store.
    public var store: String { path + "/store.sqlite" }
    /// All journals.
    public var journals: String { path + "/journal" }
    /// Bundles to carry.
    public var outbox: String { path + "/outbox" }
    /// Bundles being taken in.
    public var inbox: String { path + "/inbox" }
    /// What was taken in.
    public var archive: String { path + "/archive" }
    /// What was refused.
    public var quarantine: String { path + "/quarantine" }
    /// The status for other programs.
    public var status: String { path + "/status.json" }
    /// What `watch` knows of its directories.
    public var watchReport: String { path + "/watch.json" }
    /// Held while `watch` runs.
    public var watchLock: String { path + "/watch.lock" }
    /// Figures for Prometheus, written by `watch`.
    public var metrics: String { path + "/metrics.prom" }

    /// Programs that decide conflicts.
    public var hooks: String { path + "/hooks" }

    /// The folder of a journal.
    public func journal(_ journal: UniqueID) -> String { journals + "/" + journal.short }

    /// Whether this process may do here what a node does: write, and sign. Else it may still look.
    public var isWritable: Bool {
        let hasStore = access(store, F_OK) == 0
        return access(path, W_OK) == 0 && access(signingKey, R_OK) == 0 && (!hasStore || access(store, W_OK) == 0)
    }

    /// Makes all folders.
    func create(_ fileSystem: some FileSystem) throws(FileError) {
        try fileSystem.createDirectory(path)
        try fileSystem.createDirectory(keys, permissions: 0o700)
        for folder in [journals, outbox, inbox, archive, quarantine] { try fileSystem.createDirectory(folder) }
    }
}
