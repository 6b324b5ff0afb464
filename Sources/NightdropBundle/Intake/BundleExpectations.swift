import NightdropFormats
import NightdropModel

/// What a bundle must be to be taken.
public struct BundleExpectations: Sendable {
    /// Who is to read it; case counts.
    public var node: NodeID
    /// The reader's own key; nil where that makes no difference. What it signed is the reader's own, and for somebody else.
    public var ownKey: PublicKey?
    /// The organisation it must belong to; nil where that is not known yet.
    public var organisation: String?
    /// Whose signatures count.
    public var trust: BundleTrust
    /// The kinds that are taken.
    public var kinds: Set<Manifest.Kind>
    /// The largest file that is taken.
    public var maximumBytes: Int64

    /// Expectations; by default every kind, up to 64 GiB.
    public init(
        node: NodeID, ownKey: PublicKey? = nil, organisation: String?, trust: BundleTrust,
        kinds: Set<Manifest.Kind> = Set(Manifest.Kind.allCases), maximumBytes: Int64 = 64 << 30
    ) {
        self.node = node
        self.ownKey = ownKey
        self.organisation = organisation
        self.trust = trust
        self.kinds = kinds
        self.maximumBytes = maximumBytes
    }

    /// Refuses what the reader wrote itself.
    func check(_ key: PublicKey, of head: BundleHead) throws(BundleError) {
        guard key == ownKey else { return }
        let manifest = try head.manifest()
        let what =
            manifest.kind == .journal
            ? "it is this till's own export, meant for head office (\(manifest.to))"
            : "it is head office's own answer, meant for the till \(manifest.to)"
        throw BundleError(.wrongAddressee, file: head.path, what)
    }

    /// Refuses a manifest that is not what is expected.
    func check(_ manifest: Manifest, file: String) throws(BundleError) {
        if let organisation, !manifest.organisation.utf8.elementsEqual(organisation.utf8) {
            throw BundleError(
                .wrongOrganisation, file: file,
                "it belongs to \(BundleError.shown(manifest.organisation)), this node to \(BundleError.shown(organisation))"
            )
        }
        guard manifest.to == node else {
            throw BundleError(.wrongAddressee, file: file, "it is for \(manifest.to), this is \(node)")
        }
        guard kinds.contains(manifest.kind) else {
            throw BundleError(.malformed, file: file, "a \(manifest.kind.rawValue) bundle is nothing for this node")
        }
    }
}
