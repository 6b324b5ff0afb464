import NightdropFormats

/// What became of one bundle that was given to `import` or `merge`.
public struct BundleOutcome: Sendable, Equatable {
    /// The outcomes of the command line's JSON.
    public enum Outcome: String, Sendable {
        /// Taken in; it brought something new.
        case merged
        /// Everything in it was here already.
        case known
        /// Something before it is missing.
        case waiting
        /// Not whole yet.
        case incomplete
        /// Refused, see the reason.
        case refused
        /// For somebody else.
        case skipped
    }

    /// The file.
    public var file: String
    /// The node that wrote it, where that is known.
    public var from: String?
    /// What became of it.
    public var outcome: Outcome
    /// Why: a code such as `unknown-key`, then a colon and words. Nil where nothing went wrong.
    public var reason: String?
    /// The operations in it.
    public var total: Int64 = 0
    /// How many were new.
    public var new: Int64 = 0
    /// How many were here already.
    public var known: Int64 = 0
    /// How many conflicts it led to.
    public var conflicts: Int64 = 0
    /// The hash of its manifest, which names everything in it; nil where it was not taken in.
    public var manifest: ContentHash?
    /// The exit status that this outcome calls for; 0 for none.
    public var status: Int32 = 0
    /// At a terminal, whether head office must hear where the terminal stands before it sends what was in this one again.
    public var needsWord = false
    /// At a terminal, of a return in parts: which one it is, and what it waits for.
    var part: ReturnPart?
    /// At head office, the key for which it was refused, if it says that it is from a terminal.
    public internal(set) var refusedKey: RefusedKey?

    /// An outcome.
    public init(file: String, from: String? = nil, outcome: Outcome, reason: String? = nil) {
        self.file = file
        self.from = from
        self.outcome = outcome
        self.reason = reason
    }
}
