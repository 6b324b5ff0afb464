import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import Synchronization
import Testing

@Suite("Applying returns at a terminal")
struct ApplyTests {
    private let folder: TestFolder
    private let office: HeadOffice
    private let terminal: Terminal

    init() throws {
        folder = try TestFolder()
        (office, terminal) = try HeadOffice.enrolled(
            folder,
            [
                #"{"entity":"product","id":"p1","csn":3,"lives":true,"set":{"price":2.55,"name":"tea"}}"#,
                #"{"entity":"product","id":"p2","csn":4,"lives":true,"set":{"price":1}}"#,
                #"{"entity":"inventory","id":"p1","csn":5,"lives":true,"set":{"quantity":7}}"#,
            ])
    }

    private func take(_ path: String) throws -> BundleOutcome {
        try #require(terminal.take([path]).first)
    }

    private func values(_ entity: String, _ id: String) throws -> [String: String]? {
        try terminal.get(entity, id)?.values
    }

    @Test func aGrantEnrolls() throws {
        #expect(terminal.settings.central?.text == "HQ")
        #expect(terminal.settings.organisation == "Corner Shops")
        #expect(terminal.settings.centralFingerprint == office.key.publicKey.fingerprint)
        #expect(terminal.policy.version == 1)
        try #expect(values("product", "p1") == ["price": "2.55", "name": #""tea""#])
        #expect(FileManager.default.contents(atPath: folder("T07/policy.yaml")) == Data(HeadOffice.policy.utf8))
        let again = try Terminal(at: folder("T07"))
        #expect(again.settings == terminal.settings)
        try #expect(again.get("product", "p1")?.base == 10)
    }

    @Test func aGrantOfAnotherThanThePinnedKeyIsRefused() throws {
        let id = try #require(NodeID("T08"))
        let store = try #require(NodeID("S1"))
        let pinned = SigningKey.generate().publicKey.fingerprint
        let other = try Terminal.create(at: folder("T08"), id: id, store: store, centralFingerprint: pinned).terminal
        let grant = try HeadOffice(folder, for: "T08").answer(.grant, from: nil, to: 1, [], policy: HeadOffice.policy)
        let outcome = try #require(other.take([grant]).first)
        #expect(outcome.outcome == .refused)
        #expect(outcome.status == 77)
        #expect(other.settings.central == nil)
    }

    @Test func aPolicyThatHoldsAlreadyIsNotWrittenAgain() throws {
        let file = folder("T07/policy.yaml")
        func number() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int
        }
        // A second name keeps the file's number from being given to another one.
        try FileManager.default.linkItem(atPath: file, toPath: folder("kept.yaml"))
        let before = try #require(try number())
        try #expect(take(office.answer(from: 10, to: 11, [], policy: HeadOffice.policy)).outcome == .merged)
        try #expect(number() == before)
        let other = HeadOffice.policy.replacingOccurrences(of: "version: 1", with: "version: 2")
        try #expect(take(office.answer(from: 11, to: 12, [], policy: other)).outcome == .merged)
        try #expect(number() != before)
        #expect(terminal.policy.version == 2)
    }

    @Test func aDeltaChangesFieldsAndMovesTheCursor() throws {
        let outcome = try take(
            office.answer(
                from: 10, to: 12,
                [
                    #"{"entity":"product","id":"p1","csn":11,"set":{"price":3.10}}"#,
                    #"{"entity":"product","id":"p3","csn":12,"lives":true,"set":{"price":4}}"#,
                ]))
        #expect(outcome.outcome == .merged)
        try #expect(values("product", "p1") == ["price": "3.10", "name": #""tea""#])
        try #expect(values("product", "p3") == ["price": "4"])
        try #expect(terminal.get("product", "p2")?.base == 12)
    }

    @Test func whatReachesNoFurtherIsKnown() throws {
        let path = try office.answer(from: 10, to: 12, [#"{"entity":"product","id":"p1","csn":11,"set":{"price":3}}"#])
        try #expect(take(path).outcome == .merged)
        try #expect(take(path).outcome == .known)
        let older = try office.answer(from: 5, to: 11, [#"{"entity":"product","id":"p1","csn":11,"set":{"price":1}}"#])
        try #expect(take(older).outcome == .known)
        try #expect(values("product", "p1")?["price"] == "3")
    }

    @Test func whatStartsElsewhereWaits() throws {
        let late = try office.answer(from: 12, to: 14, [#"{"entity":"product","id":"p2","csn":14,"set":{"price":9}}"#])
        let outcome = try take(late)
        #expect(outcome.outcome == .waiting)
        #expect(outcome.status == 75)
        try #expect(values("product", "p2") == ["price": "1"])
        let early = try office.answer(from: 10, to: 12, [#"{"entity":"product","id":"p1","csn":12,"set":{"price":8}}"#])
        // Given together, in whatever order, both go in.
        try #expect(terminal.take([late, early]).map(\.outcome) == [.merged, .merged])
        try #expect(values("product", "p2") == ["price": "9"])
    }

    @Test func aReturnThatPassesTheCursorIsApplied() throws {
        let path = try office.answer(
            from: 8, to: 13, [#"{"entity":"product","id":"p2","csn":13,"set":{"price":7}}"#], transactions: [10])
        try #expect(take(path).outcome == .merged)
        let foreign = try office.answer(
            from: 8, to: 15, [#"{"entity":"product","id":"p2","csn":15,"set":{"price":6}}"#], transactions: [10])
        try #expect(take(foreign).outcome == .waiting)
        try #expect(values("product", "p2") == ["price": "7"])
    }

    @Test func pendingOperationsStayOnTopUntilTheyAreCovered() throws {
        try terminal.record(.update("product", "p1", [field("price", "5")]))
        try terminal.record(OperationDraft(.update, "inventory", id: "p1", add: [field("quantity", "-1")]))
        try terminal.record(.update("product", "p1", [field("name", #""mint""#)]))
        // Central has seen none of them: its changes go below.
        try #expect(
            take(
                office.answer(
                    from: 10, to: 12,
                    [
                        #"{"entity":"product","id":"p1","csn":11,"set":{"price":3,"name":"black"}}"#,
                        #"{"entity":"inventory","id":"p1","csn":12,"set":{"quantity":20}}"#,
                    ])
            ).outcome == .merged)
        try #expect(values("product", "p1") == ["price": "5", "name": #""mint""#])
        try #expect(values("inventory", "p1") == ["quantity": "19"])
        try #expect(terminal.status().totals.pending == 3)
        // Two are merged; of these the price lost to head office's, so it does not come back.
        try #expect(
            take(
                office.answer(
                    from: 12, to: 14, [#"{"entity":"inventory","id":"p1","csn":14,"set":{"quantity":19}}"#], receipt: 2)
            ).outcome == .merged)
        try #expect(values("product", "p1") == ["price": "3", "name": #""mint""#])
        try #expect(values("inventory", "p1") == ["quantity": "19"])
        let status = try terminal.status()
        #expect(status.totals.pending == 1)
        #expect(status.tables["product"]?.synced == 1)
        try #expect(Terminal(at: folder("T07")).get("product", "p1")?.values == ["price": "3", "name": #""mint""#])
    }

    @Test func ownFactsAreConfirmedAsTheyAre() throws {
        try terminal.record(.create("sale", "s1", [field("total", "5")]))
        try terminal.record(.update("sale", "s1", [field("total", "6")]))
        try #expect(take(office.answer(from: 10, to: 11, [], receipt: 1)).outcome == .merged)
        try #expect(values("sale", "s1") == ["total": "6"])
        try #expect(take(office.answer(from: 11, to: 12, [], receipt: 2)).outcome == .merged)
        try #expect(values("sale", "s1") == ["total": "6"])
        try #expect(terminal.status().totals.pending == 0)
        try #expect(
            take(
                office.answer(
                    .snapshot, from: nil, to: 20,
                    [#"{"entity":"product","id":"p1","csn":20,"lives":true,"set":{"price":1}}"#], receipt: 2)
            ).outcome == .merged)
        try #expect(values("sale", "s1") == ["total": "6"])
    }

    @Test func aSnapshotReplacesWhatWasConfirmed() throws {
        try terminal.record(.update("product", "p2", [field("price", "5")]))
        try terminal.record(.create("product", "own", [field("price", "8")]))
        let snapshot = try office.answer(
            .snapshot, from: nil, to: 30, [#"{"entity":"product","id":"p1","csn":20,"lives":true,"set":{"price":1}}"#])
        try #expect(take(snapshot).outcome == .merged)
        try #expect(values("product", "p1") == ["price": "1"])
        try #expect(values("inventory", "p1") == nil)
        try #expect(values("product", "p2") == ["price": "5"])
        try #expect(values("product", "own") == ["price": "8"])
        try #expect(take(office.answer(from: 30, to: 31, [], receipt: 2)).outcome == .merged)
        try #expect(values("product", "p2") == nil)
        try #expect(values("product", "own") == nil)
    }

    @Test func salesGoOnBesideALargeSnapshot() throws {
        let lines = (1...3000).map {
            #"{"entity":"product","id":"n\#($0)","csn":\#($0 + 10),"lives":true,"set":{"price":\#($0)}}"#
        }
        let snapshot = try office.answer(.snapshot, from: nil, to: 3010, lines)
        let isDone = Atomic(false)
        let sold = Mutex(0)
        let ended = DispatchSemaphore(value: 0)
        let seller = Thread { [terminal] in
            var count = 0
            while !isDone.load(ordering: .acquiring) || count == 0 {
                guard (try? terminal.record([.create("sale", "s\(count)", [field("total", "1")])])) != nil else {
                    break
                }
                count += 1
            }
            sold.withLock { $0 = count }
            ended.signal()
        }
        seller.start()
        let outcome = try take(snapshot)
        isDone.store(true, ordering: .releasing)
        ended.wait()
        #expect(outcome.outcome == .merged)
        try #expect(values("product", "n3000") == ["price": "3000"])
        try #expect(terminal.get("product", "p1") == nil)
        let count = sold.withLock { $0 }
        try #expect(count > 0 && values("sale", "s\(count - 1)") == ["total": "1"])
        try #expect(terminal.status().totals.pending == Int64(count))
    }

    @Test func tombstonesAndGone() throws {
        try terminal.record(.update("product", "p2", [field("price", "5")]))
        try #expect(
            take(
                office.answer(
                    from: 10, to: 13,
                    [
                        #"{"entity":"product","id":"p1","csn":11,"lives":false}"#,
                        #"{"entity":"product","id":"p2","csn":12,"gone":true}"#,
                        #"{"entity":"inventory","id":"p1","csn":13,"gone":true}"#,
                    ])
            ).outcome == .merged)
        try #expect(values("product", "p1") == nil)
        try #expect(values("inventory", "p1") == nil)
        try #expect(values("product", "p2") == ["price": "5"])
        try terminal.record(.create("product", "p1", [field("price", "2")]))
        try #expect(operation(folder("T07"), 2)["base"]?.integer == 13)
        try terminal.record(.create("inventory", "p1", [field("quantity", "2")]))
        try #expect(operation(folder("T07"), 3)["base"] == nil)
    }

    @Test func partsAreAppliedTogether() throws {
        let first = try office.answer(
            from: 10, to: 12, [#"{"entity":"product","id":"p1","csn":11,"set":{"price":8}}"#], part: (1, 2))
        let second = try office.answer(
            from: 10, to: 12, [#"{"entity":"product","id":"p2","csn":12,"set":{"price":9}}"#],
            name: "second.nightdrop.tar", part: (2, 2))
        try #expect(take(second).outcome == .waiting)
        try #expect(values("product", "p2") == ["price": "1"])
        try #expect(take(first).outcome == .merged)
        try #expect(values("product", "p1")?["price"] == "8")
        try #expect(values("product", "p2") == ["price": "9"])
        try #expect(FileManager.default.contentsOfDirectory(atPath: folder("T07/inbox")) == ["lock"])
    }

    @Test func aReceiptForOtherOperationsIsAFork() throws {
        try terminal.record(.create("sale", "s1", [field("total", "5")]))
        let path = try office.answer(
            from: 10, to: 12, [#"{"entity":"product","id":"p1","csn":12,"set":{"price":8}}"#], receipt: 1,
            hash: ContentHash.of([1]))
        let outcome = try take(path)
        #expect(outcome.outcome == .refused)
        #expect(outcome.status == 65)
        #expect(outcome.reason?.hasPrefix("fork:") == true)
        try #expect(values("product", "p1")?["price"] == "2.55")
    }

    @Test func anOlderEpochIsRefused() throws {
        office.epoch = UniqueID.random()
        let outcome = try take(office.answer(.snapshot, from: nil, to: 50, []))
        #expect(outcome.outcome == .refused)
        #expect(outcome.reason?.hasPrefix("older-epoch:") == true)
    }

    @Test func noticesAndPolicyArrive() throws {
        let notice = NoticeLine(
            number: 4, kind: "field", at: 1_790_000_000_000, entity: "product", id: "p1", seq: 1,
            text: "Head office won.")
        let policy = HeadOffice.policy.replacingOccurrences(of: "version: 1", with: "version: 2")
            .replacingOccurrences(of: "maxLength: 8", with: "maxLength: 20")
        #expect(throws: NightdropError.self) {
            try terminal.record(.update("product", "p1", [field("name", #""a longer name""#)]))
        }
        let other = try Terminal(at: folder("T07"))
        try #expect(take(office.answer(from: 10, to: 11, [], notices: [notice], policy: policy)).outcome == .merged)
        try #expect(terminal.notices() == [notice])
        try #expect(terminal.status().tables["product"]?.conflicts == 1, "of what does not say that it is decided")
        try terminal.record(.update("product", "p1", [field("name", #""a longer name""#)]))
        // Another process on the same node learns the new policy, and numbers on.
        try #expect(other.record(.update("product", "p1", [field("name", #""another longer""#)])).first == 2)
        #expect(other.policy.version == 2)
        try #expect(operation(folder("T07"), 2)["was"]?.compact == #"{"name":"a longer name"}"#)
    }

    @Test func aDamagedBundleIsRefusedAndOneForOthersPassedOver() throws {
        let good = try office.answer(from: 10, to: 12, [#"{"entity":"product","id":"p1","csn":12,"set":{"price":8}}"#])
        try FileManager.default.createDirectory(atPath: folder("share/to/T07"), withIntermediateDirectories: true)
        var bytes = try #require(FileManager.default.contents(atPath: good))
        bytes[bytes.count / 2] ^= 0xFF
        let bad = folder("share/to/T07/HQ-00000000-000000000010-000000000012.nightdrop.tar")
        #expect(FileManager.default.createFile(atPath: bad, contents: bytes))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: bad)
        let outcomes = try terminal.take([folder("share")])
        #expect(outcomes.map(\.outcome) == [.refused])
        #expect(FileManager.default.fileExists(atPath: bad))
        try #expect(FileManager.default.contentsOfDirectory(atPath: folder("T07/quarantine")).count == 2)
        try #expect(FileManager.default.contentsOfDirectory(atPath: folder("T07/inbox")) == ["lock"])
        try #expect(values("product", "p1")?["price"] == "2.55")
        try #expect(take(folder("nowhere")).status == 66)
    }

    @Test func viewsShowLivingRecords() throws {
        try terminal.record(.create("sale", "s1", [field("total", "5.25")]))
        try terminal.record(.create("table", "t1", [field("seats", "4")]))
        try terminal.record(.delete("product", "p2"))
        try terminal.flush()
        let database = folder("T07/store.sqlite")
        try #expect(run("sqlite3", database, "SELECT id, price, name FROM product") == "p1|2.55|tea\n")
        try #expect(run("sqlite3", database, "SELECT id, total * 2 FROM sale") == "s1|10.5\n")
        try #expect(run("sqlite3", database, #"SELECT id, store, seats FROM "table""#) == "t1|S1|4\n")
    }
}
