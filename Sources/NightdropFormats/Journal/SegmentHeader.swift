import NightdropModel

/// The position behind an operation of a journal: its number and the hash of its line, newline not included.
public struct JournalPosition: Sendable, Hashable {
    /// The journal.
    public let journal: UniqueID
    /// The last operation's number; 0 before the first.
    public let seq: Int64
    /// The SHA-256 of that operation's line; `ContentHash.none` before the first.
    public let hash: ContentHash

    /// A position.
    public init(journal: UniqueID, seq: Int64, hash: ContentHash) {
        self.journal = journal
        self.seq = seq
        self.hash = hash
    }

    /// As JSON: `{"journal":…,"seq":…,"hash":…}`.
    public var json: JSONValue {
        ["journal": .string(journal.text), "seq": .integer(seq), "hash": .string(hash.text)]
    }

    /// From JSON; nil if it is none.
    public init?(_ json: JSONValue) {
        guard let journal = json["journal"]?.text.flatMap(UniqueID.init), let seq = json["seq"]?.integer, seq >= 0,
            let hash = json["hash"]?.text.flatMap(ContentHash.init)
        else { return nil }
        self.init(journal: journal, seq: seq, hash: hash)
    }
}

/// What a journal has recorded since its last close of day; stands in each header, so that a close needs no earlier segment.
public struct SinceClose: Sendable, Equatable {
    /// The day last closed; nil if none was.
    public var day: String?
    /// How often that day was closed.
    public var part: Int64
    /// The operations since.
    public var operations: Int64
    /// Their control totals.
    public var totals: ControlTotals

    /// Nothing so far.
    public init(day: String? = nil, part: Int64 = 0, operations: Int64 = 0, totals: ControlTotals = ControlTotals()) {
        self.day = day
        self.part = part
        self.operations = operations
        self.totals = totals
    }

    /// The same with the operations and control totals of one more segment.
    public func adding(operations count: Int64, totals more: ControlTotals) -> SinceClose {
        var sum = self
        sum.operations += count
        sum.totals = totals.adding(more)
        // What adds up to nothing is left out, as in a segment's own totals.
        sum.totals.entries = sum.totals.entries.filter { $0.value.creates > 0 || ($0.value.sum ?? .zero) != .zero }
        return sum
    }

    /// As JSON.
    public var json: JSONValue {
        [
            "day": .optional(day), "part": .integer(part), "operations": .integer(operations), "totals": totals.json,
        ]
    }

    /// From JSON; nil if it is none.
    public init?(_ json: JSONValue) {
        guard let part = json["part"]?.integer, let operations = json["operations"]?.integer,
            let totals = json["totals"].flatMap(ControlTotals.init(json:)), let day = json.nullable("day", \.text),
            day.map(Timestamp.isDate) ?? true
        else { return nil }
        self.init(day: day, part: part, operations: operations, totals: totals)
    }
}

/// The first line of a segment: which part of which journal follows, and under which conditions it was recorded.
public struct SegmentHeader: Sendable, Equatable {
    /// The format that this header begins.
    public static let format = "journal/1"

    /// The node that writes the journal.
    public var node: NodeID
    /// Its store; nil at head office.
    public var store: NodeID?
    /// The journal.
    public var journal: UniqueID
    /// The segment's number in the journal, from 1.
    public var segment: Int64
    /// The number of the first operation that this segment holds or would hold.
    public var first: Int64
    /// The hash of the segment before; `ContentHash.none` for a journal's first.
    public var previous: ContentHash
    /// The journal that this one follows, and up to where; nil for a node's first journal.
    public var follows: JournalPosition?
    /// The lifetime of the central store that the node knew; nil before enrollment.
    public var epoch: UniqueID?
    /// The version of the policy that held; 0 before enrollment.
    public var policyVersion: Int
    /// By entity, the field that control totals sum.
    public var controlFields: [String: String]
    /// The entities that the node receives; nil for all.
    public var receives: [String]?
    /// What has been recorded since the last close of day, in the segments before this one.
    public var sinceClose: SinceClose
    /// When the segment was begun, in milliseconds since 1970.
    public var created: Int64

    /// A header.
    public init(
        node: NodeID, store: NodeID?, journal: UniqueID, segment: Int64, first: Int64, previous: ContentHash,
        follows: JournalPosition?, epoch: UniqueID?, policyVersion: Int, controlFields: [String: String],
        receives: [String]? = nil, sinceClose: SinceClose = SinceClose(), created: Int64
    ) {
        self.node = node
        self.store = store
        self.journal = journal
        self.segment = segment
        self.first = first
        self.previous = previous
        self.follows = follows
        self.epoch = epoch
        self.policyVersion = policyVersion
        self.controlFields = controlFields
        self.receives = receives
        self.sinceClose = sinceClose
        self.created = created
    }

    /// The line, without newline.
    public var line: [UInt8] {
        let controls = controlFields.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }
        let json: JSONValue = [
            "nightdrop": .string(SegmentHeader.format), "node": .string(node.text), "store": .optional(store?.text),
            "journal": .string(journal.text), "segment": .integer(segment), "first": .integer(first),
            "previous": .string(previous.text), "follows": follows?.json ?? .null, "epoch": .optional(epoch?.text),
            "policy": .integer(policyVersion), "controlTotals": .object(controls),
            "receives": receives.map { .array($0.map { .string($0) }) } ?? .null,
            "sinceClose": sinceClose.json, "created": .string(Timestamp.text(milliseconds: created)),
        ]
        return json.bytes
    }

    /// Reads the line, without newline.
    public init(line: UnsafeRawBufferPointer) throws(JSONError) {
        let json = try JSONValue.parse(line)
        func fail(_ key: String) -> JSONError {
            JSONError(offset: 0, reason: "the header's \"\(key)\" is missing or wrong")
        }
        guard let format = json["nightdrop"]?.text else { throw fail("nightdrop") }
        guard format == SegmentHeader.format else {
            throw JSONError(
                offset: 0, reason: "unknown format \"\(format)\", this program reads \(SegmentHeader.format)")
        }
        guard let node = json["node"]?.text.flatMap(NodeID.init) else { throw fail("node") }
        guard let journal = json["journal"]?.text.flatMap(UniqueID.init) else { throw fail("journal") }
        guard let segment = json["segment"]?.integer, segment > 0 else { throw fail("segment") }
        guard let first = json["first"]?.integer, first > 0 else { throw fail("first") }
        guard let previous = json["previous"]?.text.flatMap(ContentHash.init) else { throw fail("previous") }
        guard let policy = json["policy"]?.integer else { throw fail("policy") }
        guard let created = json["created"]?.text.flatMap(Timestamp.milliseconds) else { throw fail("created") }
        guard let controls = json["controlTotals"]?.members else { throw fail("controlTotals") }
        var controlFields: [String: String] = [:]
        for control in controls {
            guard let field = control.value.text else { throw fail("controlTotals") }
            controlFields[control.name] = field
        }
        guard let sinceClose = json["sinceClose"].flatMap(SinceClose.init) else { throw fail("sinceClose") }
        guard let follows = json.nullable("follows", JournalPosition.init) else { throw fail("follows") }
        guard let store = json.nullable("store", { $0.text.flatMap(NodeID.init) }) else { throw fail("store") }
        guard let epoch = json.nullable("epoch", { $0.text.flatMap(UniqueID.init) }) else { throw fail("epoch") }
        guard let receives = json.nullable("receives", SegmentHeader.texts) else { throw fail("receives") }
        self.init(
            node: node, store: store, journal: journal, segment: segment, first: first, previous: previous,
            follows: follows, epoch: epoch, policyVersion: Int(policy), controlFields: controlFields,
            receives: receives, sinceClose: sinceClose, created: created)
    }

    private static func texts(_ json: JSONValue) -> [String]? {
        guard let texts = json.elements?.map(\.text), !texts.contains(nil) else { return nil }
        return texts.compactMap(\.self)
    }
}
