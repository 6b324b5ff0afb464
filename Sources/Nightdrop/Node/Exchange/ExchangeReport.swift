import NightdropModel

/// What a visit to an exchange directory did.
public struct ExchangeReport: Sendable {
    /// A bundle that lies there for somebody.
    public struct Left: Sendable, Equatable {
        /// For whom.
        public var to: NodeID
        /// The file.
        public var file: String
        /// Its size.
        public var bytes: Int64
        /// The operations or changes in it.
        public var operations: Int64
        /// Whether it lay there already, whole, and says all there is to say.
        public var wasThere: Bool
    }

    /// Something that a person should know.
    public struct Attention: Sendable, Equatable {
        /// One or two plain sentences.
        public var message: String
        /// The exit status that it calls for; 0 for none.
        public var status: Int32
    }

    /// The directory.
    public var directory: String
    /// The carrier's id, by its marker; nil if it has none and could not get one.
    public var carrier: UniqueID?
    /// What became of each bundle that was there.
    public var came: [BundleOutcome] = []
    /// What was listed, and gone when it was to be read.
    public var vanished: [BundleOutcome] = []
    /// What lies there now for others.
    public var left: [Left] = []
    /// What was taken away because this node has it, or because a newer bundle says more.
    public var removed: [String] = []
    /// What needs attention.
    public var attention: [Attention] = []
    /// Whether nothing could be written because the medium is read-only.
    public var isReadOnly = false
    /// What kept the visit from leaving all that was to be left; also part of `attention`.
    public var failure: Attention?
    /// Whether the medium may be pulled out: everything that was written is on it, read back and verified, and no file
    /// seems to be still on its way.
    public var safeToRemove = false

    /// A visit in which nothing happened yet.
    public init(directory: String) { self.directory = directory }

    /// The exit status: the first of 74, 73, 77, 65, 75 that something calls for, else any other, else 0.
    public var status: Int32 {
        let all = came.map(\.status) + attention.map(\.status)
        return [74, 73, 77, 65, 75].first(where: all.contains) ?? all.first { $0 != 0 } ?? 0
    }
}

/// How far a visit is.
public enum ExchangeProgress: Sendable {
    /// Bundles are being taken in.
    case taking(MergeProgress)
    /// A bundle is being written and read back: which, and the share that is done, from 0 to 1.
    case leaving(file: String, fraction: Double)

    /// What takes the share of a file that is being written, and tells it to `report`.
    static func writing(
        _ file: String, _ report: (@Sendable (ExchangeProgress) -> Void)?
    ) -> ((Double) -> Void)? {
        guard let report else { return nil }
        return { report(.leaving(file: file, fraction: $0)) }
    }

    /// What takes the progress of a merge, and tells it to `report`.
    static func merging(
        _ report: (@Sendable (ExchangeProgress) -> Void)?
    ) -> (@Sendable (MergeProgress) -> Void)? {
        guard let report else { return nil }
        return { report(.taking($0)) }
    }
}

/// How a visit is made.
public struct ExchangeOptions: Sendable {
    /// The most bytes of one file; what would be larger is split into parts. Nil for what the medium takes.
    public var maxSize: Int64?
    /// Called now and then, from any thread.
    public var progress: (@Sendable (ExchangeProgress) -> Void)?
    /// Whether to leave something; else the visit only takes.
    public var isLeaving = true
    /// Whether others may take what is left before the visit is over, as on a share that they watch.
    public var isShared = false
    /// Whether the visit shall be over soon. Head office asks before it takes each bundle, and leaves the others where they
    /// are; a terminal no longer gives way to sales while it applies one.
    public var isEnding: (@Sendable () -> Bool)?
    /// Whether a terminal that does not leave anything does so if head office asks for it.
    public var leavesIfAsked = false
    /// Whether a terminal that does not leave anything does so if it finds that head office must write a return again.
    public var leavesIfLacking = false
    /// Whether a terminal that has nothing new to say tells head office where it stands all the same.
    public var owesWord = false
    /// Whether a terminal holds back a large change until somebody approves it, if its settings say so.
    public var asksForLargeChanges = false
    /// Whether head office answers every terminal that lacks something; else only those whose bundles it took.
    public var answersAll = true
    /// Whether files that an interrupted visit has left are looked for, in the folders of all addressees.
    public var cleansUp = true
    /// Whether a directory without a marker is taken to be no carrier, which is an error of kind `tryAgain`; else it gets
    /// one.
    public var needsMarker = false
    /// How long a node that has nothing to say stays silent, in milliseconds.
    public var heartbeatMilliseconds: Int64 = 3_600_000

    /// The usual way.
    public init(maxSize: Int64? = nil, progress: (@Sendable (ExchangeProgress) -> Void)? = nil) {
        self.maxSize = maxSize
        self.progress = progress
    }
}
