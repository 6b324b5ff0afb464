import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore
import Testing

/// Tombstones stay as long as somebody may need them, and no longer.
@Suite struct TombstoneTests {
    private let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          product: {fields: {stock: {type: integer, merge: counter}}}
          sale: {direction: up}
        """
    private let later = Int64(Date.now.timeIntervalSince1970 * 1000) + 91 * 24 * 60 * 60 * 1000

    /// Products A to C, of which head office deletes A; two tills that have heard nothing of it.
    private func chain() throws -> Chain {
        let chain = try Chain(policy: policy)
        for id in ["T1", "T2"] { try chain.till(id) }
        for id in ["A", "B", "C"] {
            _ = try chain.central.record(
                OperationDraft(.create, "product", id: id, set: set(["name": "1", "stock": "3"])))
        }
        try hear(chain, "T1", "T2")
        _ = try chain.central.record(OperationDraft(.delete, "product", id: "A"))
        return chain
    }

    /// Tills take in what there is, and say so.
    private func hear(_ chain: Chain, _ tills: String...) throws {
        _ = try chain.central.writeReturns(to: chain.exchange)
        for id in tills {
            _ = try chain.tills[id]?.take([chain.exchange])
            _ = try chain.tills[id]?.export(to: chain.exchange)
        }
        try chain.merge()
    }

    @Test func aTombstoneGoesOnceAllTillsHaveHeardOfIt() throws {
        let chain = try chain()
        #expect(try chain.central.tidy() == 0)
        try hear(chain, "T1")
        #expect(try chain.central.tidy() == 0, "T2 has not heard of it")
        try hear(chain, "T2")
        #expect(try chain.central.tidy() == 1)
        #expect(try chain.central.tidy() == 0)
        #expect(try chain.central.history("product", "A").entries.map(\.action) == [.delete, .create])
        #expect(try chain.central.verifyStore().problems.map(\.text) == [])

        // The id is free again, and what was before is not forgotten.
        _ = try chain.central.record(
            OperationDraft(.create, "product", id: "A", set: set(["stock": "1"])))
        _ = try chain.central.record(OperationDraft(.update, "product", id: "A", set: set(["size": "2"])))
        let history = try chain.central.history("product", "A").entries
        #expect(history.map(\.action) == [.update, .create, .delete, .create] && history[1].livedBefore == nil)
        #expect(try chain.central.record("product", "A", at: 3)?.fields.first?.value.json == "1")
        #expect(try chain.central.verifyStore().problems.map(\.text) == [])
        try hear(chain, "T1", "T2")
        #expect(try chain.tills["T2"]?.get("product", "A")?.fields.map(\.name).sorted() == ["size", "stock"])
    }

    @Test func aSilentTillGetsASnapshotAfterTheRetentionTime() throws {
        let chain = try chain()
        let silent = try #require(chain.tills["T2"])
        _ = try silent.record(OperationDraft(.update, "product", id: "A", set: set(["name": "9"])))
        _ = try silent.record(OperationDraft(.update, "product", id: "B", add: set(["stock": "-1"])))
        try hear(chain, "T1")
        #expect(try chain.central.tidy() == 0)
        #expect(try chain.central.tidy(now: later) == 1)

        _ = try silent.export(to: chain.exchange)
        let report = try chain.merge()
        #expect(report.bundles.map(\.conflicts).reduce(0, +) == 1)
        let conflict = try #require(try chain.central.conflict(1))
        #expect(
            conflict.kind == "validation" && conflict.state == "open"
                && conflict.incoming?.contains("\"name\":9") == true)
        _ = try chain.central.writeReturns(to: chain.exchange)
        let taken = try silent.take([chain.exchange])
        #expect(taken.contains { $0.outcome == .merged })
        #expect(try silent.get("product", "A") == nil)
        #expect(try silent.get("product", "B")?["stock"]?.json == "2")
        #expect(try silent.status().totals.pending == 0)
        // A person may make it again from what came in.
        _ = try chain.central.resolve(1, .incoming)
        #expect(try chain.central.get("product", "A")?["name"]?.json == "9")
        try hear(chain, "T1", "T2")
        #expect(try silent.get("product", "A")?["name"]?.json == "9")
        #expect(try chain.central.verifyStore().problems.map(\.text) == [])
    }

    @Test func whatIsInConflictAndDeletedFactsStay() throws {
        let chain = try chain()
        let till = try #require(chain.tills["T1"])
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["name": "5"])))
        _ = try till.record(OperationDraft(.create, "sale", id: "T1-1", set: set(["total": "1"])))
        _ = try till.record(OperationDraft(.create, "sale", id: "T1-2", set: set(["total": "1"])))
        try hear(chain, "T1", "T2")
        _ = try chain.central.record(OperationDraft(.delete, "sale", id: "T1-1"))
        let conflict = try #require(try chain.central.conflict(1))
        #expect(conflict.kind == "delete-update")
        let alive = try chain.central.get("product", "A") != nil
        if alive { _ = try chain.central.resolve(1, .value("false")) }
        try hear(chain, "T1", "T2")
        try hear(chain, "T1", "T2")
        #expect(try chain.central.tidy() == 0)

        // The living side is taken: it is back everywhere.
        _ = try chain.central.resolve(1, .value("true"))
        try hear(chain, "T1", "T2")
        for id in ["T1", "T2"] { #expect(try chain.tills[id]?.get("product", "A")?["name"]?.json == "5") }

        // A change of a deleted sale meets its tombstone; after the retention time the sale is made of it anew.
        _ = try till.record(OperationDraft(.update, "sale", id: "T1-1", set: set(["void": "true"])))
        try hear(chain, "T1", "T2")
        #expect(try chain.central.conflict(2)?.kind == "delete-update")
    }

    @Test func mergingTidiesOnceADay() throws {
        let chain = try chain()
        try hear(chain, "T1", "T2")
        // The merges before have tidied already today.
        #expect(try chain.central.events().contains { $0.kind == "tidy" } == false)
        let sqlite = Process()
        sqlite.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        sqlite.arguments = [chain.path("HQ/store.sqlite"), "UPDATE _setting SET value = '1' WHERE name = 'tidied'"]
        try sqlite.run()
        sqlite.waitUntilExit()
        try chain.merge()
        #expect(try chain.central.events().contains { $0.kind == "tidy" && $0.details["tombstones"] == 1 })
    }

    @Test func theRetentionTimeIsASetting() throws {
        let chain = try chain()
        let settings = "role: central\nid: HQ\norganisation: Corner Shops\nretention: "
        let file = chain.path("HQ/nightdrop.yaml")
        try "\(settings)soon\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(throws: SettingsError.self) { try Central(at: chain.path("HQ")) }
        try "\(settings)200\n".write(toFile: file, atomically: true, encoding: .utf8)
        let central = try Central(at: chain.path("HQ"))
        #expect(try central.tidy(now: later) == 0)
        #expect(try central.tidy(now: later + 110 * 24 * 60 * 60 * 1000) == 1)
    }

    @Test func anUndoCanBeUndoneAfterwards() throws {
        let chain = try chain()
        let till = try #require(chain.tills["T1"])
        _ = try till.record(OperationDraft(.create, "product", id: "D", set: set(["name": "4"])))
        _ = try till.export(to: chain.exchange)
        let bundle = try #require(try chain.merge().bundles.first { $0.new > 0 }?.file)
        _ = try chain.central.record(OperationDraft(.create, "product", id: "E", set: set(["name": "5"])))
        #expect(try chain.central.undo(bundle, by: "Clara").deleted == 1)
        try hear(chain, "T1", "T2")
        try hear(chain, "T1", "T2")
        #expect(try chain.central.tidy() == 1, "A only")
        #expect(try chain.central.undo("undo-000001", by: "Clara").revived == 1)
        #expect(try chain.central.get("product", "D")?["name"]?.json == "4")
    }
}
