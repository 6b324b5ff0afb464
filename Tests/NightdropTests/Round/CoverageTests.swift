import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import Testing

/// What reaches which till: by its own wish, and by the policy, also when either changes.
struct CoverageTests {
    private static func policy(_ version: Int, note: String, desk: String = "both") -> String {
        """
        version: \(version)
        organisation: Corner Shops
        entities:
          note: {\(note)}
          desk: {direction: \(desk)}
          product: {direction: both}

        """
    }

    @Test func aTillReceivesWhatItWishes() throws {
        let chain = try Chain()
        try chain.record([("product", "A"), ("customer", "C")])
        let till = try chain.till("T1", receiving: ["product"])
        #expect(try chain.ids("product", till) == ["A"])
        #expect(try chain.ids("customer", till) == [])
        try chain.record([("product", "B"), ("customer", "D")])
        try chain.round([till])
        #expect(try chain.ids("product", till) == ["A", "B"])
        #expect(try chain.ids("customer", till) == [])
        #expect(try chain.central.terminals().first?.subscription == ["product"])
    }

    @Test func aWiderWishBringsWhatIsNewWhole() throws {
        let chain = try Chain()
        try chain.record([("product", "A"), ("customer", "C")])
        var till = try chain.till("T1", receiving: ["product"])
        till = try chain.reopen("T1", receiving: "[customer, product]")
        try chain.round([till])
        #expect(try chain.ids("customer", till) == ["C"])
        #expect(try chain.ids("product", till) == ["A"])
        try chain.record([("customer", "D")])
        try chain.round([till])
        #expect(try chain.ids("customer", till) == ["C", "D"])
    }

    @Test func aWiderWishIsHeardThoughTheAnswerIsLost() throws {
        let chain = try Chain()
        try chain.record([("customer", "C")])
        var till = try chain.till("T1", receiving: ["product"])
        till = try chain.reopen("T1", receiving: nil)
        _ = try till.export(to: chain.exchange)
        _ = try chain.merge()
        try FileManager.default.removeItem(atPath: chain.exchange + "/to/T1")
        #expect(try chain.ids("customer", till) == [])
        try chain.record([("product", "A")])
        _ = try till.close(day: "2026-11-20", to: chain.exchange)
        try chain.round([till])
        #expect(try chain.ids("customer", till) == ["C"])
        #expect(try chain.ids("product", till) == ["A"])
    }

    @Test func whatOthersDeletedMeanwhileGoesThoughItIsOnesOwn() throws {
        let chain = try Chain()
        var till = try chain.till("T1", receiving: ["product"])
        let other = try chain.till("T2")
        _ = try till.record(OperationDraft(.create, "memo", id: "M", set: set(["text": "\"x\""])))
        try chain.round([till, other])
        #expect(try chain.ids("memo", till) == ["M"])
        _ = try other.record(OperationDraft(.delete, "memo", id: "M"))
        try chain.round([other])
        till = try chain.reopen("T1", receiving: nil)
        _ = try till.record(OperationDraft(.create, "memo", id: "N", set: set(["text": "\"y\""])))
        try chain.round([till])
        #expect(try chain.ids("memo", till) == ["N"])
    }

    @Test func aNarrowerWishTakesConfirmedRecordsAwayAndKeepsWhatIsPending() throws {
        let chain = try Chain()
        try chain.record([("product", "A"), ("customer", "C"), ("customer", "D")])
        var till = try chain.till("T1")
        #expect(try chain.ids("customer", till) == ["C", "D"])
        till = try chain.reopen("T1", receiving: "[product]")
        _ = try till.export(to: chain.exchange)
        _ = try chain.merge()
        _ = try till.record(OperationDraft(.update, "customer", id: "D", set: set(["name": "\"Dora\""])))
        _ = try till.take([chain.exchange])
        #expect(try chain.ids("customer", till) == ["D"])
        #expect(try till.get("customer", "D")?.base == nil)
        #expect(try chain.ids("product", till) == ["A"])
        try chain.round([till])
        #expect(try chain.shown("customer", "D") == ["name": "Dora"])
    }

    @Test func ofAnEntityThatBecomesAFactTheCopiesGo() throws {
        let chain = try Chain(policy: Self.policy(1, note: "direction: both"))
        let (one, two) = (try chain.till("T1"), try chain.till("T2", store: "S2"))
        _ = try one.record(OperationDraft(.create, "note", id: "N1", set: set(["text": "\"x\""])))
        try chain.round([one, two])
        try chain.round([two])
        #expect(try chain.ids("note", two) == ["N1"])
        let central = try chain.use(Self.policy(2, note: "direction: up"))
        try chain.round([one, two], central)
        #expect(try chain.ids("note", two) == [])
        #expect(two.policy.version == 2)
        #expect(try central.terminals().allSatisfy { ($0.coverage?.policyVersion ?? 0) <= 2 })
    }

    @Test func whatWasAFactIsSentWholeOnceItTravelsBothWays() throws {
        let chain = try Chain(policy: Self.policy(1, note: "direction: up"))
        let (one, two) = (try chain.till("T1"), try chain.till("T2", store: "S2"))
        _ = try one.record(OperationDraft(.create, "note", id: "N1", set: set(["text": "\"x\""])))
        try chain.round([one, two])
        #expect(try chain.ids("note", two) == [])
        let central = try chain.use(Self.policy(2, note: "direction: both"))
        try chain.round([two, one], central)
        #expect(try chain.ids("note", two) == ["N1"])
        #expect(try chain.ids("note", one) == ["N1"])
    }

    @Test func aChangeThatOnlyThePolicyMadeIsNotTakenForKnown() throws {
        let chain = try Chain(policy: Self.policy(1, note: "direction: up"))
        let till = try chain.till("T1")
        try chain.round([till])
        _ = try till.export(to: chain.exchange)
        _ = try chain.merge()
        let cursor = try chain.central.terminals().first?.cursor
        let central = try chain.use(Self.policy(2, note: "direction: up", desk: "down"))
        // Nothing but the policy changed: start and reach are the same cursor.
        _ = try central.writeReturns(to: chain.exchange)
        #expect(try till.take([chain.exchange]).contains { $0.outcome == .merged })
        #expect(till.policy.version == 2)
        #expect(try till.take([chain.exchange]).allSatisfy { $0.outcome == .known })
        _ = try till.export(to: chain.exchange)
        _ = try central.merge([chain.exchange])
        #expect(try central.terminals().first?.cursor == cursor)
        #expect(try central.terminals().first?.coverage?.policyVersion == 2)
    }

    @Test func anAnswerForAnotherSubscriptionWaits() throws {
        let chain = try Chain()
        var till = try chain.till("T1")
        try chain.record([("product", "A")])
        // Made for a till that receives all, from its first cursor on.
        _ = try chain.central.writeReturns(to: chain.exchange)
        let old = try #require(try chain.returns(for: "T1").first)
        let kept = chain.path("kept.nightdrop.tar")
        try FileManager.default.copyItem(atPath: old, toPath: kept)
        till = try chain.reopen("T1", receiving: "[customer]")
        try chain.round([till])
        try chain.record([("product", "B")])
        #expect(try till.take([kept]).map(\.outcome) == [.known])
        #expect(try chain.ids("product", till) == [])
    }

    @Test(
        arguments: [
            (ClockSkew(atLeast: 180_000, atMost: nil), 180_000), (ClockSkew(atLeast: -9_000, atMost: 40_000), 0),
            (ClockSkew(atLeast: -90_000, atMost: -60_000), -60_000), (ClockSkew(atLeast: -90_000, atMost: nil), 0),
        ] as [(ClockSkew, Int64)])
    func aClockIsOffByWhatIsKnownForSure(skew: ClockSkew, estimate: Int64) {
        #expect(skew.estimate == estimate)
    }

    @Test func headOfficeBoundsATillsClockFromBothSides() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try chain.round([till])
        try chain.round([till])
        let clock = try #require(try chain.central.terminals().first?.clock)
        #expect(clock.atLeast <= 0)
        #expect(try #require(clock.atMost) >= 0)
        #expect(clock.estimate == 0)
    }
}

extension Chain {
    /// Head office makes records.
    fileprivate func record(_ keys: [(entity: String, id: String)]) throws {
        for key in keys {
            _ = try central.record(OperationDraft(.create, key.entity, id: key.id, set: set(["name": "\"\(key.id)\""])))
        }
    }

    /// A till that is enrolled with a wish.
    fileprivate func till(_ id: String, receiving: [String]) throws -> Terminal {
        let (till, request) = try Terminal.create(
            at: path(id), id: try #require(NodeID(id)), store: try #require(NodeID("S1")), receive: receiving)
        _ = try till.take([try central.enroll(request, to: exchange).grant])
        return till
    }

    /// The till, opened again with another wish in its settings.
    fileprivate func reopen(_ id: String, receiving: String?) throws -> Terminal {
        let file = path(id) + "/nightdrop.yaml"
        var lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
        lines.removeAll { $0.hasPrefix("receive:") }
        if let receiving { lines.append("receive: \(receiving)") }
        try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        return try Terminal(at: path(id))
    }

    /// Each till sends and gets an answer.
    fileprivate func round(_ tills: [Terminal], _ office: Central? = nil) throws {
        for till in tills {
            _ = try till.close(day: "2026-11-20", to: exchange)
            _ = try (office ?? central).merge([exchange], returnTo: exchange)
            _ = try till.take([exchange])
        }
    }

    /// Head office under another policy.
    fileprivate func use(_ policy: String) throws -> Central {
        let file = path("new-policy.yaml")
        try policy.write(toFile: file, atomically: true, encoding: .utf8)
        return try central.use(policy: file)
    }

    fileprivate func ids(_ entity: String, _ till: Terminal) throws -> [String] {
        var ids: [String] = []
        try till.records(entity) { ids.append($0.id) }
        return ids
    }

    /// A record's fields at head office, as text.
    fileprivate func shown(_ entity: String, _ id: String) throws -> [String: String] {
        var fields: [String: String] = [:]
        try central.records(entity) { record in
            guard record.id == id else { return }
            for field in record.fields { fields[field.name] = try JSONValue.parse(field.value.json).text }
        }
        return fields
    }

    fileprivate func returns(for till: String) throws -> [String] {
        let folder = exchange + "/to/" + till
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { folder + "/" + $0 }
    }
}
