import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    private static let dayMilliseconds: Int64 = 24 * 60 * 60 * 1000
    /// So that a merge never waits long for it.
    private static let mostTombstonesAtOnce = 10_000
    private static let tidiedSetting = "tidied"
    /// The last change of all records whose tombstones were removed.
    static let removedSetting = "tombstonesRemoved"

    /// Removes the tombstones that nobody needs any more: all terminals have applied the delete, as their bundles say, or the
    /// retention time is over. A terminal that has not applied them by then gets a snapshot. Merging does this by itself, once
    /// a day.
    ///
    /// - Parameter now: The time from which the retention is counted back, in milliseconds since 1970.
    /// - Returns: how many were removed, at most ten thousand at a time.
    @discardableResult
    public func tidy(now: Int64? = nil) throws -> Int {
        let now = now ?? Clock.now()
        let revoked = try revokedNodes()
        return try store.write { writer in
            let limits = try limits(writer, now, revoked)
            let (count, last) = try writer.removeTombstones(limits, limit: Central.mostTombstonesAtOnce)
            // A day that was not enough goes on with the next merge.
            if count < Central.mostTombstonesAtOnce { try writer.set(Central.tidiedSetting, String(now)) }
            guard count > 0 else { return 0 }
            let before = try writer.setting(Central.removedSetting).flatMap { Int64($0) } ?? 0
            try writer.set(Central.removedSetting, String(max(before, last)))
            try writer.add(
                EventRow(time: Clock.now(), kind: "tidy", details: ["tombstones": .integer(count)]))
            return count
        }
    }

    func tidyIfDue() throws {
        let last = try store.read { try $0.setting(Central.tidiedSetting) }.flatMap { Int64($0) } ?? 0
        let now = Clock.now()
        // A clock that was set back must not put it off for ever.
        guard now - last >= Central.dayMilliseconds || now < last else { return }
        try tidy(now: now)
    }

    private func limits(_ reader: any CentralReader, _ now: Int64, _ revoked: Set<NodeID>) throws -> TombstoneLimits {
        let retention = Int64(settings.retentionDays ?? NodeSettings.defaultRetentionDays) * Central.dayMilliseconds
        var seen = try reader.cursor().csn
        for terminal in try reader.terminals() where !revoked.contains(terminal.node) {
            guard let cursor = terminal.cursor else {
                // It may have its grant, and what came since is still to be told.
                seen = 0
                continue
            }
            // One that stands in an earlier life of this store gets a snapshot anyway.
            if try reader.holds(cursor) { seen = min(seen, cursor.csn) }
        }
        let kept = try reader.undos().flatMap { try UndoKey.numbers(of: $0.number, reader) }
        return TombstoneLimits(seen: seen, expired: try reader.lastChange(at: now - retention), kept: kept)
    }

    /// The terminals all of whose keys are revoked.
    func revokedNodes() throws -> Set<NodeID> {
        let revoked = try revokedKeys()
        guard !revoked.isEmpty else { return [] }
        let signers = try AllowedSigners(file: fileSystem.contents(directory.allowedSigners) ?? [])
        return Set(
            try terminals().map(\.node).filter { node in
                signers.entries.filter { $0.principals.contains(node.text) }
                    .allSatisfy { revoked.contains($0.key.fingerprint) }
            })
    }
}
