import Foundation
import Nightdrop
import NightdropModel
import Testing

/// A return bundle that was damaged on its way, for a till that has nothing to send.
@Suite struct DamagedReturnTests {
    /// Till and head office know all of each other.
    private func atRest() throws -> (chain: Chain, till: Terminal) {
        let chain = try Chain()
        let till = try chain.till("T1")
        for _ in 1...2 {
            _ = try till.exchange(with: chain.exchange)
            _ = try chain.central.exchange(with: chain.exchange)
        }
        #expect(try till.exchange(with: chain.exchange).left == [])
        return (chain, till)
    }

    /// Cuts a file in two, long ago.
    private func damage(_ path: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
    }

    @Test func isWrittenAgain() throws {
        let (chain, till) = try atRest()
        _ = try chain.central.record(OperationDraft(.create, "product", id: "TEA", set: set(["name": #""Tea""#])))
        let left = try #require(chain.central.exchange(with: chain.exchange).left.first)
        try damage(left.file)
        let visit = try till.exchange(with: chain.exchange)
        #expect(visit.came.map(\.outcome) == [.refused])
        #expect(visit.left.map(\.operations) == [0], "a word, without operations")
        let answer = try chain.central.exchange(with: chain.exchange)
        #expect(answer.left.map(\.wasThere) == [false])
        #expect(try till.exchange(with: chain.exchange).came.map(\.outcome) == [.merged])
        #expect(try till.get("product", "TEA") != nil)
    }

    /// Nothing that lies there has anything for the till: head office takes it back, so that nobody goes on being shown it.
    @Test func isTakenBackIfTheTillHasAllOfIt() throws {
        let (chain, till) = try atRest()
        let file = try #require(chain.central.writeReturns(to: chain.exchange).first?.file)
        try damage(file)
        #expect(try till.exchange(with: chain.exchange).status == 65)
        let visit = try chain.central.exchange(with: chain.exchange)
        #expect(visit.left == [])
        #expect(visit.removed.contains(file))
        #expect(!FileManager.default.fileExists(atPath: file))
        #expect(try till.exchange(with: chain.exchange).status == 0)
        #expect(try till.status().state == .idle)
    }

    /// What a stranger puts there is nothing that head office could write again.
    @Test func rubbishIsNoReasonForAWord() throws {
        let (chain, till) = try atRest()
        let path = chain.exchange + "/to/T1/X1-00000000-000000000001-000000000002.nightdrop.tar"
        try Data("no bundle, but not a short one".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
        let visit = try till.exchange(with: chain.exchange)
        #expect(visit.came.map(\.outcome) == [.refused])
        #expect(visit.left == [])
    }
}
