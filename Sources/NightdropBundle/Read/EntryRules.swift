import NightdropFormats
import NightdropModel

/// What a bundle of each kind may hold.
enum EntryRules {
    static let keysName = "keys/allowed_signers"
    static let policyName = "policy.yaml"
    private static let blobPrefix = "blobs/sha256-"

    /// Refuses a manifest whose entries are not those of its kind.
    static func check(_ manifest: Manifest, file: String) throws(BundleError) {
        // Manifest and signature are entries too.
        guard manifest.entries.count <= Limits.bundleEntries - 2 else {
            throw BundleError(.limit, file: file, "it has more than \(Limits.bundleEntries) entries")
        }
        var paths: Set<String> = []
        for entry in manifest.entries {
            if !paths.insert(entry.path).inserted { throw bad(file, entry, "the manifest names it twice") }
            guard isAllowed(entry, in: manifest.kind) else {
                throw bad(file, entry, "a \(manifest.kind.rawValue) bundle has no such entry")
            }
            if [keysName, policyName].contains(entry.path), entry.size > Int64(Limits.manifestBytes) {
                throw BundleError(
                    .limit, file: file, entry: entry.path,
                    "it has \(entry.size) bytes, and at most \(Limits.manifestBytes) are allowed")
            }
        }
        guard manifest.kind != .grant || paths.contains(keysName) else {
            throw BundleError(.malformed, file: file, entry: keysName, "a grant must bring the keys of head office")
        }
        for segment in manifest.segments where !paths.contains(segment.path) {
            throw BundleError(
                .malformed, file: file, "segment \(segment.number) stands in an entry that the manifest does not name")
        }
    }

    private static func isAllowed(_ entry: Manifest.Entry, in kind: Manifest.Kind) -> Bool {
        if hasPrefix(blobPrefix, entry.path) { return entry.path == blobPrefix + entry.hash.digits }
        switch kind {
        case .journal:
            return hasPrefix("segments/", entry.path) || hasPrefix("echo/", entry.path)
        case .return, .snapshot, .grant:
            return ["changes/", "notices/", "own/", "echo/"].contains { hasPrefix($0, entry.path) }
                || entry.path == policyName || entry.path == keysName
        }
    }

    private static func hasPrefix(_ prefix: String, _ path: String) -> Bool {
        path.utf8.count > prefix.utf8.count && path.utf8.starts(with: prefix.utf8)
    }

    private static func bad(_ file: String, _ entry: Manifest.Entry, _ reason: String) -> BundleError {
        BundleError(.malformed, file: file, entry: BundleError.shown(entry.path), reason)
    }
}
