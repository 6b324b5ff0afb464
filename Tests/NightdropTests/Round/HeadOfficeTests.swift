import Foundation
import Nightdrop
import NightdropFiles
import NightdropJournal
import NightdropModel
import NightdropFormats
import Testing

/// Head office's own recording: nothing lost, nothing twice, whoever is interrupted.
@Suite struct HeadOfficeTests {
    private let counted = """
        version: 1
        organisation: Corner Shops
        entities:
          product: {fields: {stock: {type: decimal, merge: counter}}}
        """

    /// As a process leaves it that ended between the journal and the store.
    private func journal(_ chain: Chain, _ drafts: [OperationDraft]) throws {
        let folder = try #require(
            try FileManager.default.contentsOfDirectory(atPath: chain.path("HQ/journal")).first { $0.count == 8 })
        let path = chain.path("HQ/journal/" + folder)
        let header = try #require(
            try JournalReader(fileSystem: DiskFileSystem(), directory: path).segments().first?.header)
        let writer = try JournalWriter(
            fileSystem: DiskFileSystem(), directory: path,
            identity: JournalIdentity(node: header.node, store: nil, journal: header.journal, follows: nil),
            conditions: JournalConditions(
                epoch: header.epoch, policyVersion: header.policyVersion, controlFields: header.controlFields,
                receives: header.receives),
            wallClock: { Int64(Date().timeIntervalSince1970 * 1000) },
            discovered: { _, _ in })
        _ = try writer.commit { try $0.append(drafts) }
    }

    @Test func whatAnotherProcessLeftInTheJournalIsMergedFirst() throws {
        let chain = try Chain(policy: counted)
        try journal(chain, [OperationDraft(.create, "product", id: "A", set: set(["price": "1"]), base: 0)])
        _ = try chain.central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2"])))
        _ = try chain.central.record(OperationDraft(.create, "product", id: "B", set: set(["price": "3"])))
        #expect(
            try Chain.show { try chain.central.records("product", $0) } == [#"A {"price":2}"#, #"B {"price":3}"#])
        #expect(try chain.central.history("product", "A").entries.map(\.seq) == [2, 1])
    }

    @Test func aKeyIsKnownAfterAnInterruption() throws {
        let chain = try Chain(policy: counted)
        let draft = OperationDraft(.create, "product", id: "A", add: set(["stock": "5"]), base: 0, key: "delivery-7")
        let second = OperationDraft(.update, "product", id: "A", add: set(["stock": "1"]), base: 0)
        try journal(chain, [draft, second])
        let central = try Central(at: chain.path("HQ"))
        var again = draft
        again.base = nil
        let recorded = try central.record([again, second])
        #expect(recorded.isRepeat)
        #expect([recorded.first, recorded.last] == [1, 2])
        #expect(try central.get("product", "A")?["stock"]?.json == "6")
    }

    @Test func draftsOfATransactionSeeEachOther() throws {
        let chain = try Chain(policy: counted)
        _ = try chain.central.record([
            OperationDraft(.create, "product", id: "A", set: set(["stock": "5"])),
            OperationDraft(.update, "product", id: "A", set: set(["stock": "7", "price": "1"])),
            OperationDraft(.update, "product", id: "A", set: set(["stock": "4"])),
        ])
        #expect(try chain.central.get("product", "A")?["stock"]?.json == "4")
        _ = try chain.central.record([
            OperationDraft(.delete, "product", id: "A"),
            OperationDraft(.create, "product", id: "A", set: set(["price": "2"])),
        ])
        #expect(try chain.central.get("product", "A")?["price"]?.json == "2")
        #expect(throws: NightdropError.self) {
            try chain.central.record([
                OperationDraft(.delete, "product", id: "A"),
                OperationDraft(.update, "product", id: "A", set: set(["price": "3"])),
            ])
        }
    }
}
