import NightdropModel

/// What a merge did.
public struct MergeReport: Sendable {
    /// A return bundle that was written.
    public struct Return: Sendable, Equatable {
        /// For which terminal.
        public let terminal: NodeID
        /// The file.
        public let file: String

        /// A return.
        public init(terminal: NodeID, file: String) {
            self.terminal = terminal
            self.file = file
        }
    }

    /// What became of each bundle, in the order in which they were taken.
    public var bundles: [BundleOutcome] = []
    /// The last change of the store.
    public var csn: Int64 = 0
    /// The return bundles written.
    public var returns: [Return] = []
    /// The epoch that begins, because a bundle showed that the store was restored from a backup; nil in other cases.
    public var restored: Restored?
    /// The changes of head office that were lost with its store and are listed now, as conflicts of kind `lost`.
    public var lost: Int64 = 0

    /// A report of nothing.
    public init() {}

    /// The exit status: the first of 74, 77, 65, 75 that a bundle calls for, else any other, else 0.
    public var status: Int32 {
        [74, 77, 65, 75].first { status in bundles.contains { $0.status == status } }
            ?? bundles.first { $0.status != 0 }?.status ?? 0
    }
}

/// How far a merge is.
public struct MergeProgress: Sendable {
    /// The bundles that were copied and verified, which comes before the first is merged.
    public var copied = 0
    /// The bundles merged, or found to need nothing.
    public var bundles = 0
    /// Of how many.
    public var of = 0
    /// The operations merged so far.
    public var operations: Int64 = 0
}
