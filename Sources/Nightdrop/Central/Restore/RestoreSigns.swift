import NightdropFormats
import NightdropModel

/// What the bundles of a merge told of another life of this store.
struct RestoreSigns {
    /// A till that stands where this store should be, and is not.
    struct Ahead {
        let node: NodeID
        let cursor: Cursor
        /// Its last cursor on record.
        let before: Cursor?
    }

    private(set) var ahead: [Ahead] = []
    private(set) var strangers: Set<UniqueID> = []

    var isEmpty: Bool { ahead.isEmpty && strangers.isEmpty }

    mutating func note(_ manifest: Manifest, _ standing: CursorStanding, before: Cursor?) {
        guard let cursor = manifest.cursor else { return }
        switch standing {
        case .held, .lost: break
        case .ahead: ahead.append(Ahead(node: manifest.from.node, cursor: cursor, before: before))
        case .strange: strangers.insert(cursor.epoch)
        }
    }

    private static let strangeCode = "other-epoch:"

    /// Why a bundle waits.
    static func strange(_ manifest: Manifest) -> String {
        "\(strangeCode) \(manifest.from.node) has followed a head office of epoch \(manifest.cursor?.epoch.short ?? "?"), which "
            + "this store does not know. Either another copy of head office is at work, which must be stopped, or this "
            + "store is an older backup: if it shall be head office from now on, run: nightdrop init central --restored"
    }

    /// Whether a bundle waits for that.
    static func isStrange(_ outcome: BundleOutcome) -> Bool {
        outcome.outcome == .waiting && outcome.reason?.hasPrefix(strangeCode) == true
    }
}
