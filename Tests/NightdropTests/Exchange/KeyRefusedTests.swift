import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore
import Testing

/// A till whose key head office refuses is told so, and told nothing else.
@Suite struct KeyRefusedTests {
    private func revoked() throws -> (chain: Chain, till: Terminal) {
        let chain = try Chain()
        let till = try chain.till("T1")
        _ = try till.exchange(with: chain.exchange)
        _ = try chain.central.exchange(with: chain.exchange)
        _ = try till.exchange(with: chain.exchange)
        #expect(try chain.central.revoke(try #require(NodeID("T1"))) == [till.fingerprint])
        _ = try till.record(OperationDraft(.create, "sale", id: "T1-1", set: set(["total": "1"])))
        return (chain, till)
    }

    private func listed(_ chain: Chain, _ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: chain.exchange + "/to/" + folder)
    }

    @Test func aRevokedTillLearnsIt() throws {
        let (chain, till) = try revoked()
        _ = try chain.central.record(OperationDraft(.create, "product", id: "TEA", set: set(["name": #""Tea""#])))
        _ = try till.exchange(with: chain.exchange)
        #expect(try till.status().notPermitted == false)
        let visit = try chain.central.exchange(with: chain.exchange)
        #expect(visit.came.map(\.outcome) == [.refused])
        #expect(visit.left.map(\.operations) == [0])

        let taken = try till.exchange(with: chain.exchange)
        #expect(taken.status == 77)
        #expect(taken.attention.contains { $0.message.contains("refuses what this till sends") })
        #expect(try listed(chain, "T1") == [], "it is taken away like any other")
        let status = try till.status()
        #expect(status.notPermitted && status.state == .failed)
        #expect(status.error?.contains(till.fingerprint) == true)
        #expect(status.totals.pending == 1, "what was recorded stays")
        #expect(try till.get("product", "TEA") == nil, "what head office knows is not told")

        // The refused bundle lies there still; the till is not told with every visit.
        #expect(try chain.central.exchange(with: chain.exchange).left == [])
        // Whoever opens the till again sees it.
        #expect(try Terminal(at: chain.path("T1")).status().notPermitted)
    }

    @Test func itIsOverWhenHeadOfficeAnswersAgain() throws {
        let (chain, till) = try revoked()
        _ = try till.exchange(with: chain.exchange)
        _ = try chain.central.exchange(with: chain.exchange)
        _ = try till.exchange(with: chain.exchange)
        #expect(try till.status().notPermitted)
        try FileManager.default.removeItem(atPath: chain.path("HQ/keys/revoked"))
        _ = try chain.central.exchange(with: chain.exchange)
        #expect(try till.exchange(with: chain.exchange).status == 0)
        let status = try till.status()
        #expect(!status.notPermitted && status.error == nil && status.totals.pending == 0)
    }

    /// A notice that comes late is out of date.
    @Test func whatHeadOfficeSaidBeforeDoesNotCount() throws {
        let (chain, till) = try revoked()
        _ = try till.exchange(with: chain.exchange)
        let notice = try #require(chain.central.exchange(with: chain.exchange).left.first?.file)
        let kept = chain.path("kept.nightdrop.tar")
        try FileManager.default.moveItem(atPath: notice, toPath: kept)
        try FileManager.default.removeItem(atPath: chain.path("HQ/keys/revoked"))
        _ = try chain.central.exchange(with: chain.exchange)
        _ = try till.exchange(with: chain.exchange)
        #expect(try till.take([kept]).map(\.outcome) == [.known])
        #expect(try till.status().notPermitted == false)
    }

    /// Who signs in another's name has a key of his own.
    @Test func aStrangerDoesNotMakeATillBelieveIt() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let other = try Chain()
        let double = try other.till("T1")
        _ = try double.record(OperationDraft(.create, "sale", id: "T1-1", set: set(["total": "1"])))
        _ = try double.exchange(with: chain.exchange)
        let visit = try chain.central.exchange(with: chain.exchange)
        #expect(visit.came.map(\.status) == [77])
        let taken = try till.exchange(with: chain.exchange)
        #expect(taken.came.contains { $0.reason?.contains(double.fingerprint) == true })
        #expect(taken.status == 0)
        #expect(try till.status().notPermitted == false)
    }

    @Test func aRevokedKeyIsNotEnrolledAgain() throws {
        let (chain, till) = try revoked()
        #expect(
            try chain.central.keys().map { [$0.node, "\($0.isRevoked)"] } == [["HQ", "false"], ["T1", "true"]])
        #expect(try chain.central.revoke(try #require(NodeID("T1"))) == [])
        let request = chain.path("T1/T1.nightdrop-request")
        #expect(throws: NightdropError.self) { try chain.central.enroll(request) }
        #expect(throws: NightdropError.self) { try chain.central.revoke(try #require(NodeID("T9"))) }
        withExtendedLifetime(till) {}
    }
}
