import NightdropFormats
import NightdropModel

/// Whose signatures count.
public enum BundleTrust: Sendable {
    /// Those of the keys that may sign as the sender when the manifest was made, unless revoked since (fingerprints).
    case signers(AllowedSigners, revoked: Set<String>)
    /// Those of the key that the bundle itself brings, which must be a grant: for a terminal that does not know central
    /// yet. Where central's fingerprint was announced, the key must have it.
    case firstUse(pinnedFingerprint: String?)

    /// Refuses a key that cannot count whatever the manifest says.
    ///
    /// - Parameter claim: What the bundle says of itself, for people.
    func admit(_ key: PublicKey, file: String, claim: () -> String = { "" }) throws(BundleError) {
        let fingerprint = key.fingerprint
        switch self {
        case .signers(let signers, let revoked):
            guard !revoked.contains(fingerprint) else {
                throw BundleError(.revokedKey, file: file, "the key \(fingerprint) that signed it was revoked")
            }
            guard signers.entries.contains(where: { $0.key == key }) else {
                throw BundleError(
                    .unknownKey, file: file, "the key \(fingerprint) that signed it is not enrolled\(claim())")
            }
        case .firstUse(let pinned):
            guard let pinned, pinned != fingerprint else { return }
            throw BundleError(
                .notPinnedKey, file: file, "it was signed by \(fingerprint), but \(pinned) was announced")
        }
    }

    /// Refuses a key that does not count for this manifest.
    func admit(_ key: PublicKey, _ manifest: Manifest, file: String) throws(BundleError) {
        switch self {
        case .signers(let signers, _):
            try Self.check(key, in: signers, manifest, file: file)
        case .firstUse:
            guard manifest.kind == .grant else {
                throw BundleError(
                    .unknownKey, file: file, "this node knows no keys yet; import the grant from head office first")
            }
        }
    }

    /// Whether the keys that the bundle brings decide.
    var needsKeys: Bool { if case .firstUse = self { true } else { false } }

    /// Refuses a key that is not among those which the bundle brings for its sender.
    static func confirm(_ key: PublicKey, keys: [UInt8], _ manifest: Manifest, file: String) throws(BundleError) {
        let signers: AllowedSigners
        do throws(SignatureError) { signers = try AllowedSigners(file: keys) } catch {
            throw BundleError(.malformed, file: file, entry: EntryRules.keysName, error.description)
        }
        try check(key, in: signers, manifest, file: file)
    }

    private static func check(
        _ key: PublicKey, in signers: AllowedSigners, _ manifest: Manifest, file: String
    ) throws(BundleError) {
        let principals: [String]
        do throws(SignatureError) {
            principals = try signers.principals(
                of: key, namespace: SSHSignature.Namespace.bundle, at: manifest.created)
        } catch {
            throw BundleError(.unknownKey, file: file, error.reason)
        }
        guard principals.contains(manifest.from.node.text) else {
            throw BundleError(
                .unknownKey, file: file,
                "it says that it is from \(manifest.from.node), but the key \(key.fingerprint) that signed it "
                    + "belongs to \(principals.joined(separator: ", "))")
        }
    }

    /// What the bundle says of itself, for a person who has to find out whose it is.
    static func claim(of head: BundleHead) -> String {
        guard let manifest = try? head.manifest() else { return "" }
        return
            "; it says that it is from \(manifest.from.node) of \(BundleError.shown(manifest.organisation)), for \(manifest.to)"
    }
}
