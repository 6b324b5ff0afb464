import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore
import Synchronization
import Testing

/// A preview changes nothing, and a plan is carried out exactly or not at all.
@Suite struct PlanTests {
    /// A chain whose till has closed: sales, a price that head office changed too, and stock that was sold.
    private func evening() throws -> Chain {
        let chain = try Chain()
        _ = try chain.central.record([
            OperationDraft(.create, "product", id: "A", set: set(["name": #""Tea""#, "price": "2.50"])),
            OperationDraft(.create, "product", id: "B", set: set(["name": #""Mug""#, "price": "4"])),
            OperationDraft(.create, "inventory", id: "A", set: set(["quantity": "10"])),
            OperationDraft(.create, "inventory", id: "B", set: set(["quantity": "7.5"])),
        ])
        let till = try chain.till("T1")
        _ = try till.record([
            OperationDraft(.create, "sale", id: "1", set: set(["total": "7.50"])),
            OperationDraft(.update, "inventory", id: "A", add: set(["quantity": "-3"])),
        ])
        _ = try till.record(OperationDraft(.create, "sale", id: "2", set: set(["total": "4.25"])))
        _ = try till.record(OperationDraft(.update, "product", id: "A", set: set(["price": "2.75"]), by: "Mia"))
        _ = try till.record(OperationDraft(.update, "product", id: "B", set: set(["name": #""Cup""#])))
        _ = try chain.central.record(OperationDraft(.update, "product", id: "A", set: set(["price": "3"])))
        try chain.close("T1")
        return chain
    }

    /// Everything of head office and of the carrier: files by their hashes, and the content of the store.
    private func everything(_ chain: Chain) throws -> String {
        let tool = Process()
        let pipe = Pipe()
        tool.executableURL = URL(fileURLWithPath: "/bin/bash")
        tool.arguments = [
            "-c",
            """
            cd "$0" && find HQ exchange | sort && \
            find HQ exchange -type f ! -name 'store.sqlite-*' | sort | xargs sha256sum && sqlite3 HQ/store.sqlite .dump
            """,
            chain.root.path,
        ]
        tool.standardOutput = pipe
        try tool.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        tool.waitUntilExit()
        try #require(tool.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self)
    }

    private func all(_ central: Central) throws -> [String] {
        var rows: [String] = []
        try central.conflicts(all: true) { rows.append($0.json.compact) }
        return rows
    }

    @Test func aPreviewShowsWhatTheMergeThenDoes() throws {
        let chain = try evening()
        let plan = try chain.central.preview([chain.exchange])
        #expect(plan.entities["sale"] == counts(new: 2))
        #expect(plan.entities["inventory"] == counts(fastForward: 1))
        #expect(plan.entities["product"] == counts(fastForward: 1, conflicting: 1))
        #expect(plan.controlTotalsBefore.entries.isEmpty)
        #expect(plan.controlTotalsAfter.entries["sale"] == .init(creates: 2, sum: ExactDecimal("11.75")))
        #expect(
            plan.counters.map { "\($0.entity) \($0.field) \($0.before) \($0.after)" } == [
                "inventory quantity 17.5 14.5"
            ])
        let conflict = try #require(plan.conflicts.first)
        #expect([conflict.base, conflict.central, conflict.incoming, conflict.decided] == ["2.50", "3", "2.75", "3"])
        #expect([conflict.rule, conflict.node, conflict.by] == ["central-wins", "T1", "Mia"])

        let report = try chain.merge()
        #expect(report.bundles == plan.promise.bundles)
        #expect(report.csn == plan.promise.csn)
        #expect(try all(chain.central) == plan.conflicts.map(\.json.compact))
        #expect(try chain.query("SELECT sum(quantity) FROM inventory") == "14.5")

        let again = try chain.central.preview([chain.exchange])
        #expect(again.entities["sale"] == counts(known: 2))
        #expect(again.entities["product"] == counts(known: 2))
        #expect(again.conflicts.isEmpty)
        #expect(again.counters.isEmpty)
    }

    private func counts(
        new: Int64 = 0, known: Int64 = 0, fastForward: Int64 = 0, conflicting: Int64 = 0
    ) -> MergePlan.Counts {
        var counts = MergePlan.Counts()
        (counts.new, counts.known, counts.fastForward, counts.conflicting) = (new, known, fastForward, conflicting)
        return counts
    }

    @Test func aPreviewChangesNothing() throws {
        let chain = try evening()
        // One that would be refused, and with that kept and noted.
        let damaged = chain.exchange + "/to/HQ/T1-damaged.nightdrop.tar"
        try Data("no bundle".utf8).write(to: URL(fileURLWithPath: damaged))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: damaged)
        let before = try everything(chain)
        let plan = try chain.central.preview([chain.exchange])
        #expect(plan.promise.bundles.map(\.outcome.rawValue).sorted() == ["merged", "refused"])
        #expect(plan.status == 65)
        #expect(try everything(chain) == before)
    }

    /// Head office shows the present to whoever looks while the preview runs.
    @Test func readersAreNotHeldUp() throws {
        let chain = try evening()
        let prices = Mutex<[String?]>([])
        let central = chain.central
        _ = try central.preview([chain.exchange]) { _ in
            let price = try? central.get("product", "A")?["price"]?.json
            prices.withLock { $0.append(price) }
        }
        #expect(prices.withLock { !$0.isEmpty && $0.allSatisfy { $0 == "3" } })
    }

    @Test func aPlanIsCarriedOutExactly() throws {
        let chain = try evening()
        try chain.copyNode("HQ", to: chain.path("twin"))
        let twin = try Central(at: chain.path("twin"))
        let file = chain.path("plan.json")
        try chain.central.write(chain.central.preview([chain.exchange]), to: file)
        let promise = try chain.central.promise(file: file)
        let report = try chain.central.apply(promise, returnTo: chain.exchange)
        #expect(report.bundles.map(\.new) == [5])
        #expect(report.returns.count == 1)
        _ = try twin.merge([chain.exchange + "/to/HQ"])
        for entity in ["sale", "product", "inventory"] {
            #expect(
                try Chain.show { try chain.central.records(entity, $0) } == Chain.show { try twin.records(entity, $0) })
        }
        #expect(try all(chain.central) == all(twin))
        #expect(try chain.central.days().map(\.agrees) == [true])
        try chain.takeAll()
        #expect(try chain.tills["T1"]?.status().totals.pending == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: chain.path("HQ/inbox")).isEmpty)
        // A second time it is another store already.
        let error = #expect(throws: NightdropError.self) { try chain.central.apply(promise) }
        #expect(error?.kind == .tryAgain)
    }

    private func expectMoved(_ chain: Chain, _ central: Central, _ promise: MergePlan.Promise) throws {
        let dump = try chain.query(".dump")
        let error = #expect(throws: NightdropError.self) { try central.apply(promise) }
        #expect(error?.kind == .tryAgain)
        #expect(error?.message.hasPrefix("the store has moved since the plan was made: ") == true)
        #expect(try chain.query(".dump") == dump)
        #expect(try FileManager.default.contentsOfDirectory(atPath: chain.path("HQ/inbox")).isEmpty)
    }

    @Test func notAfterHeadOfficeRecordedSomething() throws {
        let chain = try evening()
        let promise = try chain.central.preview([chain.exchange]).promise
        _ = try chain.central.record(OperationDraft(.update, "product", id: "B", set: set(["price": "5"])))
        try expectMoved(chain, chain.central, promise)
    }

    @Test func notUnderAnotherPolicy() throws {
        let chain = try evening()
        let promise = try chain.central.preview([chain.exchange]).promise
        let text = try String(contentsOfFile: chain.path("HQ/policy.yaml"), encoding: .utf8)
        let next = chain.path("next.yaml")
        try text.replacingOccurrences(of: "version: 1\n", with: "version: 2\n")
            .write(toFile: next, atomically: true, encoding: .utf8)
        try expectMoved(chain, try chain.central.use(policy: next), promise)
    }

    @Test func notIfABundleIsAnotherOneOrGone() throws {
        let chain = try evening()
        let promise = try chain.central.preview([chain.exchange]).promise
        let bundle = try #require(promise.bundles.first).file
        _ = try chain.tills["T1"]?.record(OperationDraft(.create, "sale", id: "3", set: set(["total": "1"])))
        try chain.close("T1", day: "2026-11-21")
        // The till has put the later bundle in the earlier one's place.
        let names = try FileManager.default.contentsOfDirectory(atPath: chain.exchange + "/to/HQ")
        let later = chain.exchange + "/to/HQ/" + (try #require(names.first))
        try #require(names.count == 1 && later != bundle)
        try expectMoved(chain, chain.central, promise)
        try FileManager.default.copyItem(atPath: later, toPath: bundle)
        try expectMoved(chain, chain.central, promise)
    }

    /// What was shown is compared with what is about to be committed.
    @Test func notIfItWouldComeToSomethingElse() throws {
        let chain = try evening()
        let file = chain.path("plan.json")
        let plan = try chain.central.preview([chain.exchange])
        for (from, to) in [
            (plan.promise.outcome.text, ContentHash.none.text),
            (#""conflicts":1,"manifest""#, #""conflicts":0,"manifest""#),
            (#""csn":\#(plan.promise.csn),"#, #""csn":\#(plan.promise.csn + 1),"#),
        ] {
            let text = plan.json.compact
            let changed = text.replacingOccurrences(of: from, with: to)
            try #require(changed != text)
            try changed.write(toFile: file, atomically: true, encoding: .utf8)
            try expectMoved(chain, chain.central, chain.central.promise(file: file))
        }
        try chain.merge()
        #expect(try all(chain.central) == plan.conflicts.map(\.json.compact))
    }

    @Test func onlyAPlanOfThisNodeIsOne() throws {
        let chain = try evening()
        let file = chain.path("plan.json")
        let text = try chain.central.preview([chain.exchange]).json.compact
        for changed in [
            "{}", text.replacingOccurrences(of: "plan/1", with: "plan/2"),
            text.replacingOccurrences(of: #""node":"HQ""#, with: #""node":"HX""#), String(text.dropLast()),
        ] {
            try changed.write(toFile: file, atomically: true, encoding: .utf8)
            let error = #expect(throws: NightdropError.self) { try chain.central.promise(file: file) }
            #expect(error?.kind == .refused)
        }
        let error = #expect(throws: NightdropError.self) { try chain.central.promise(file: chain.path("none")) }
        #expect(error?.kind == .notFound)
    }

    /// A batch holds 32 MiB of text: what the first makes, the second changes.
    @Test func laterBatchesSeeEarlierOnes() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let text = #"""# + String(repeating: "x", count: 500_000) + #"""#
        let count = 80
        for number in 0..<count {
            _ = try till.record(
                OperationDraft(
                    number == 0 ? .create : .update, "customer", id: "C", set: set(["address": text]),
                    add: set(["points": "1"])))
        }
        try chain.close("T1")
        let before = try #require(Int(try chain.query("SELECT count(*) FROM _merge")))
        let plan = try chain.central.preview([chain.exchange])
        #expect(plan.entities["customer"] == counts(new: 1, fastForward: Int64(count) - 1))
        #expect(plan.conflicts.isEmpty)
        #expect(plan.counters.first { $0.field == "points" }?.after.text == "\(count)")
        #expect(Int(try chain.query("SELECT count(*) FROM _merge")) == before)
        let report = try chain.central.apply(plan.promise)
        #expect(report.csn == plan.promise.csn)
        #expect(try #require(Int(try chain.query("SELECT count(*) FROM _merge"))) >= before + 2)
        #expect(try chain.central.get("customer", "C")?["points"]?.json == "\(count)")
    }
}
