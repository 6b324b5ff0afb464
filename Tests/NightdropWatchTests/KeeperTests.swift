import Foundation
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel
import Testing

@testable import NightdropWatch

/// What looks at the journal, where it cannot be read for a while and nobody tells that it can be again.
@Suite struct KeeperTests {
    @Test func aLookThatFailedIsMadeAgainSoon() throws {
        let root = NSTemporaryDirectory() + "nightdrop-keeper-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        let (till, _) = try Terminal.create(
            at: root + "/T01", id: try #require(NodeID("T01")), store: try #require(NodeID("S1")))
        try till.record(OperationDraft(.create, "sale", id: "1", set: []))
        let node = try WatchedNode(root + "/T01")
        let folder = try #require(try node.journalFolder())
        let journal = root + "/journal-elsewhere"
        try FileManager.default.moveItem(atPath: folder, toPath: journal)
        try Data().write(to: URL(fileURLWithPath: folder))

        let settings = WatchSettings()
        var keeper = Keeper(node, settings, now: 0)
        #expect(settings.interval > 60_000)
        #expect(keeper.wait(isDirty: false, at: 0) <= 1000)
        var troubles = 0
        let count: (WatchEvent) -> Void = { if case .trouble = $0 { troubles += 1 } }
        let start = Clocks.monotonic()
        for second in 1...3 as ClosedRange<Int64> {
            #expect(keeper.look([], at: start + second * 60_000, count) == nil)
        }
        #expect(troubles == 1, "the same reason is no news")
        #expect(keeper.wait(isDirty: false, at: Clocks.monotonic()) <= 1000)

        try FileManager.default.removeItem(atPath: folder)
        try FileManager.default.moveItem(atPath: journal, toPath: folder)
        #expect(keeper.look([], at: start + 600_000, count) == .critical, "what came meanwhile may be a sale")
    }
}
