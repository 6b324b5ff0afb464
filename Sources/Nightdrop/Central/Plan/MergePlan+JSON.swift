import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension MergePlan {
    /// What a plan's file says it is.
    public static let format = "plan/1"

    /// As `Formats/plan.md` tells.
    public var json: JSONValue {
        [
            "nightdrop": .string(MergePlan.format), "node": .string(promise.node.text),
            "made": .string(Timestamp.text(milliseconds: made)), "cursor": promise.cursor.json,
            "journal": [
                "journal": .string(promise.journal.journal.text), "seq": .integer(promise.journal.seq),
                "hash": .string(promise.journal.hash.text),
            ],
            "policy": ["version": .integer(promise.policyVersion), "hash": .string(promise.policy.text)],
            "bundles": .array(promise.bundles.map(\.planned)),
            "csn": .integer(promise.csn),
            "entities": .object(
                entities.sorted { $0.key < $1.key }.map { name, counts in
                    .init(
                        name,
                        [
                            "new": .integer(counts.new), "known": .integer(counts.known),
                            "fastForward": .integer(counts.fastForward), "conflicting": .integer(counts.conflicting),
                        ])
                }),
            "controlTotals": ["before": controlTotalsBefore.json, "after": controlTotalsAfter.json],
            "counters": .array(
                counters.map {
                    [
                        "entity": .string($0.entity), "field": .string($0.field), "before": .number($0.before.text),
                        "after": .number($0.after.text),
                    ]
                }),
            "conflicts": .array(conflicts.map(\.wholeJSON)), "settled": .array(settled.map { .integer($0) }),
            "outcome": .string(promise.outcome.text),
        ]
    }
}

extension MergePlan.Promise {
    /// Nil if it is no plan.
    init?(json: JSONValue) {
        guard json["nightdrop"]?.text == MergePlan.format, let node = json["node"]?.text.flatMap({ NodeID($0) }),
            let cursor = json["cursor"].flatMap(Cursor.init(json:)),
            let journal = json["journal"]?["journal"]?.text.flatMap(UniqueID.init),
            let seq = json["journal"]?["seq"]?.integer,
            let hash = json["journal"]?["hash"]?.text.flatMap({ ContentHash($0) }),
            let policyVersion = json["policy"]?["version"]?.integer,
            let policy = json["policy"]?["hash"]?.text.flatMap({ ContentHash($0) }),
            let bundles = json.all("bundles", { BundleOutcome(json: $0) }), let csn = json["csn"]?.integer,
            let outcome = json["outcome"]?.text.flatMap({ ContentHash($0) })
        else { return nil }
        self.init(
            node: node, cursor: cursor, journal: JournalPosition(journal: journal, seq: seq, hash: hash),
            policyVersion: policyVersion, policy: policy, bundles: bundles, csn: csn, outcome: outcome)
    }
}

extension BundleOutcome {
    /// As the command line prints it.
    public var json: JSONValue { .object(members) }

    /// With its hash, and found from anywhere.
    fileprivate var planned: JSONValue {
        var found = self
        found.file = Path.whole(file)
        return .object(found.members + [.init("manifest", .optional(manifest?.text))])
    }

    private var members: [JSONValue.Member] {
        [
            .init("file", .string(file)), .init("from", .optional(from)), .init("outcome", .string(outcome.rawValue)),
            .init("reason", .optional(reason)),
            .init("operations", ["total": .integer(total), "new": .integer(new), "known": .integer(known)]),
            .init("conflicts", .integer(conflicts)),
        ]
    }

    /// A bundle of a plan; nil if it is none.
    init?(json: JSONValue) {
        guard let file = json["file"]?.text, let outcome = json["outcome"]?.text.flatMap(Outcome.init(rawValue:)),
            let from = json.nullable("from", \.text), let reason = json.nullable("reason", \.text),
            let manifest = json.nullable("manifest", { $0.text.flatMap { ContentHash($0) } }),
            let total = json["operations"]?["total"]?.integer, let new = json["operations"]?["new"]?.integer,
            let known = json["operations"]?["known"]?.integer, let conflicts = json["conflicts"]?.integer
        else { return nil }
        self.init(file: file, from: from, outcome: outcome, reason: reason)
        self.manifest = manifest
        self.total = total
        self.new = new
        self.known = known
        self.conflicts = conflicts
    }
}
