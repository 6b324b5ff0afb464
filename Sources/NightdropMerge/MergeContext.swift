import NightdropFormats
import NightdropModel

/// A journal as the merge needs to know it. A class, because every operation carries it through the merge.
public final class MergeAuthor: Sendable {
    /// The store's code of the journal.
    public let code: Int32
    /// The node that writes it.
    public let node: String
    /// Its UUID.
    public let journal: String
    /// Whether it is head office's.
    public let isCentral: Bool
    /// The journals that it follows, each with the last change up to which it does.
    public let past: [(code: Int32, csn: Int64)]

    /// An author.
    public init(code: Int32, node: String, journal: String, isCentral: Bool, past: [(code: Int32, csn: Int64)] = []) {
        self.code = code
        self.node = node
        self.journal = journal
        self.isCentral = isCentral
        self.past = past
    }

    /// Whether a clock belongs to the journal's own past.
    func knows(_ clock: FieldClock) -> Bool {
        clock.author == code || past.contains { $0.code == clock.author && clock.csn <= $0.csn }
    }
}

/// Everything besides batch and records that the outcome of a merge depends on.
public struct MergeContext: Sendable {
    /// The CSN of the batch's first operation; each operation gets the next one.
    public var firstCSN: Int64
    /// Central's clock, in milliseconds since 1970.
    public var now: Int64
    /// How far a time may be ahead of it before it is doubtful.
    public var skewMilliseconds: Int64
    /// All journals by their code.
    public var authors: [Int32: MergeAuthor]
    /// The code of each run's journal.
    public var runCodes: [Int32]
    /// The names of records that bear another one at central, for the journals in the batch.
    public var aliases: [RecordAlias]

    /// A context.
    public init(
        firstCSN: Int64, now: Int64, skewMilliseconds: Int64 = Limits.clockSkewMilliseconds,
        authors: [Int32: MergeAuthor], runCodes: [Int32], aliases: [RecordAlias]
    ) {
        self.firstCSN = firstCSN
        self.now = now
        self.skewMilliseconds = skewMilliseconds
        self.authors = authors
        self.runCodes = runCodes
        self.aliases = aliases
    }
}

/// The keys of operations that head office's own decisions bear: `nightdrop:resolve:<conflict>:<revision>`.
public enum DecisionKey {
    /// What every key begins with that callers may not use.
    public static let reserved = "nightdrop:"
    private static let prefix = "nightdrop:resolve:"

    /// The key of a decision.
    public static func key(conflict: Int64, revision: Int64) -> String { "\(prefix)\(conflict):\(revision)" }

    /// The conflict that a key decides; nil for any other key.
    public static func conflict(_ key: Bytes) -> Int64? {
        guard key.starts(with: prefix.utf8) else { return nil }
        return Int64(key.text.dropFirst(prefix.count).prefix { $0 != ":" })
    }
}
