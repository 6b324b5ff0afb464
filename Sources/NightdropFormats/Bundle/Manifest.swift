import NightdropModel

/// What a bundle is, whose, for whom, and what it holds: the first entry of its archive, and the one that is signed.
public struct Manifest: Sendable, Equatable {
    /// The format that a manifest names.
    public static let format = "bundle/1"
    /// The capabilities that this program has; a bundle that requires another one is refused.
    public static let capabilities: Set<String> = []

    /// What a bundle is for.
    public enum Kind: String, Sendable, CaseIterable {
        /// A terminal's sealed segments.
        case journal
        /// Central's answer: a receipt, and the changes since the terminal's cursor.
        case `return`
        /// A return that starts from nothing.
        case snapshot
        /// A snapshot that also brings central's keys to a newly enrolled terminal.
        case grant
    }

    /// Who wrote the bundle.
    public struct Sender: Sendable, Equatable {
        /// The node, which is also the principal of the signature.
        public var node: NodeID
        /// Its store; nil at head office.
        public var store: NodeID?
        /// The journal it writes at present.
        public var journal: UniqueID
        /// The journal that this one follows.
        public var follows: JournalPosition?

        /// A sender.
        public init(node: NodeID, store: NodeID?, journal: UniqueID, follows: JournalPosition?) {
            self.node = node
            self.store = store
            self.journal = journal
            self.follows = follows
        }
    }

    /// A sealed segment within the bundle.
    public struct Segment: Sendable, Equatable {
        /// Its number in the journal.
        public var number: Int64
        /// Its first operation.
        public var first: Int64
        /// Its last operation; one less than `first` where it holds none.
        public var last: Int64
        /// The hash of the chain up to its end.
        public var hash: ContentHash
        /// The entry that holds it.
        public var path: String

        /// A segment.
        public init(number: Int64, first: Int64, last: Int64, hash: ContentHash, path: String) {
            self.number = number
            self.first = first
            self.last = last
            self.hash = hash
            self.path = path
        }
    }

    /// A business day that was closed in one of the bundle's segments.
    public struct ClosedDay: Sendable, Equatable {
        /// The close as it stands in the segment's last line.
        public var close: DayClose
        /// The segment that ends with it.
        public var segment: Int64
        /// The last operation before it.
        public var seq: Int64

        /// A closed day.
        public init(close: DayClose, segment: Int64, seq: Int64) {
            self.close = close
            self.segment = segment
            self.seq = seq
        }
    }

    /// What the sender's clocks showed, for estimating how far they are off.
    public struct ClockFacts: Sendable, Equatable {
        /// The wall clock, in milliseconds since 1970.
        public var wall: Int64
        /// Milliseconds since the machine was started.
        public var sinceBoot: Int64
        /// The latest time seen in a return bundle; 0 if none.
        public var lastSeen: Int64

        /// Clock facts.
        public init(wall: Int64, sinceBoot: Int64, lastSeen: Int64) {
            self.wall = wall
            self.sinceBoot = sinceBoot
            self.lastSeen = lastSeen
        }
    }

    /// An entry of the archive.
    public struct Entry: Sendable, Equatable {
        /// Its name.
        public var path: String
        /// Its bytes.
        public var size: Int64
        /// The SHA-256 of its bytes.
        public var hash: ContentHash

        /// An entry.
        public init(path: String, size: Int64, hash: ContentHash) {
            self.path = path
            self.size = size
            self.hash = hash
        }
    }

    /// What it is for.
    public var kind: Kind
    /// What a reader must be able to do beyond this format's first version.
    public var requires: [String] = []
    /// The organisation that sender and addressee belong to.
    public var organisation: String
    /// Who wrote it.
    public var from: Sender
    /// For whom it is.
    public var to: NodeID
    /// When it was written, in milliseconds since 1970.
    public var created: Int64
    /// Which part it is, from 1.
    public var part: Int = 1
    /// Of how many.
    public var parts: Int = 1
    /// Whether the archive travels encrypted.
    public var encrypted = false
    /// Name and version of the program that wrote it.
    public var software: String
    /// The sender's clocks.
    public var clock: ClockFacts
    /// The first number: of an operation, or the change after the cursor from which a return starts.
    public var first: Int64
    /// The last number: of an operation, or of a change.
    public var last: Int64
    /// How many operations or changes it holds.
    public var operations: Int64
    /// The operations that the sender has no receipt for; 0 from central.
    public var pending: Int64 = 0
    /// How far the terminal has applied central's changes; nil from central and before the first snapshot.
    public var cursor: Cursor?
    /// What of central's records the terminal holds at that cursor; nil with it.
    public var coverage: Coverage?
    /// The entities that the terminal wishes to receive; nil for all, and from central.
    public var subscription: [String]?
    /// The days closed in its segments.
    public var days: [ClosedDay] = []
    /// Its segments, in order.
    public var segments: [Segment] = []
    /// What a return says; nil in a journal bundle.
    public var answer: ReturnFacts?
    /// Every other entry of the archive, in order.
    public var entries: [Entry] = []

    /// A manifest without content.
    public init(
        kind: Kind, organisation: String, from: Sender, to: NodeID, created: Int64, software: String, clock: ClockFacts,
        first: Int64, last: Int64, operations: Int64
    ) {
        self.kind = kind
        self.organisation = organisation
        self.from = from
        self.to = to
        self.created = created
        self.software = software
        self.clock = clock
        self.first = first
        self.last = last
        self.operations = operations
    }

    /// The journal that a bundle's name bears: a terminal's own, or the one that central answers.
    public var journal: UniqueID { answer?.journal ?? from.journal }

    /// The name of the file: `T07-1f3c9a20-000000000832-000000001042.nightdrop.tar`.
    public var fileName: String {
        let partSuffix = parts > 1 ? "-\(part)of\(parts)" : ""
        return
            "\(from.node)-\(journal.short)-\(Manifest.number(first))-\(Manifest.number(last))\(partSuffix).nightdrop.tar"
    }

    private static func number(_ value: Int64) -> String {
        let digits = String(max(0, value))
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}
