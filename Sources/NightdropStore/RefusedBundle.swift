import NightdropFormats

/// The last bundle of a terminal that central refused although its signature counts, such as one of a till that was cloned.
public struct RefusedBundle: Sendable, Hashable {
    /// When it was refused first, in milliseconds since 1970.
    public var at: Int64
    /// Its file name.
    public var bundle: String
    /// The hash of its manifest, which names everything in it.
    public var manifest: ContentHash
    /// Why: a code such as `fork`, then a colon and words.
    public var reason: String
    /// Whether another bundle of the terminal was merged after it.
    public var isOver: Bool

    /// A refusal.
    public init(at: Int64, bundle: String, manifest: ContentHash, reason: String, isOver: Bool = false) {
        self.at = at
        self.bundle = bundle
        self.manifest = manifest
        self.reason = reason
        self.isOver = isOver
    }
}
