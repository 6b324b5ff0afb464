import Foundation
import Nightdrop
import NightdropModel
import NightdropStore
import Testing

/// What was refused lies on the share until somebody removes it, and is looked at with every visit.
@Suite struct RefusedTests {
    /// A file that was never a bundle, and does not look as if it were still on its way.
    private func rubbish(_ folder: String, _ text: String = "no bundle") throws -> String {
        let path = folder + "/X1-00000000-000000000001-000000000002.nightdrop.tar"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
        return path
    }

    private func refusals(_ chain: Chain) throws -> Int {
        var count = 0
        try chain.central.log(LogFilter()) { if case .event(let event) = $0, event.kind == "refuse" { count += 1 } }
        return count
    }

    @Test func oneThatLiesThereIsRefusedOnceInTheHistory() throws {
        let chain = try Chain()
        let path = try rubbish(chain.exchange + "/to/HQ")
        for _ in 1...3 {
            #expect(try chain.central.exchange(with: chain.exchange).came.map(\.outcome) == [.refused])
        }
        #expect(try refusals(chain) == 1)
        _ = try rubbish(chain.exchange + "/to/HQ", "another one")
        #expect(try chain.central.exchange(with: chain.exchange).status == 65)
        #expect(try refusals(chain) == 2, "what took its place is news")
        _ = try chain.central.merge([path])
        #expect(try refusals(chain) == 3, "a file that somebody names is refused to them each time")
    }

    /// Whoever took the till away must not go on receiving what head office knows.
    @Test func nothingIsLeftForATillWhoseKeyIsRevoked() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try chain.till("T2")
        for till in chain.tills.values { _ = try till.exchange(with: chain.exchange) }
        _ = try chain.central.exchange(with: chain.exchange)
        for till in chain.tills.values { _ = try till.exchange(with: chain.exchange) }
        try Data((till.fingerprint + "\n").utf8).write(to: URL(fileURLWithPath: chain.path("HQ/keys/revoked")))
        _ = try chain.central.record(OperationDraft(.create, "product", id: "TEA", set: set(["name": #""Tea""#])))
        #expect(try chain.central.terminalsToUpdate(in: chain.exchange, behind: 0).map(\.text) == ["T2"])
        #expect(try chain.central.silentTerminals(in: chain.exchange, since: .max).map(\.text) == ["T2"])
        let visit = try chain.central.exchange(with: chain.exchange)
        #expect(visit.left.map(\.to.text) == ["T2"])
        #expect(try chain.central.writeReturns(to: chain.exchange).map(\.terminal.text) == ["T2"])
        let one = try #require(NodeID("T1"))
        #expect(throws: NightdropError.self) { try chain.central.writeReturns([one], to: chain.exchange) }
    }

    @Test func oneThatIsGoneIsNoFailureAnyMore() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        _ = try till.record(OperationDraft(.create, "sale", id: "T1-1", set: set(["total": "1"])))
        _ = try till.exchange(with: chain.exchange)
        let path = try rubbish(chain.exchange + "/to/T1")
        #expect(try till.exchange(with: chain.exchange).status == 65)
        #expect(try till.status().state == .failed)
        try FileManager.default.removeItem(atPath: path)
        let visit = try till.exchange(with: chain.exchange)
        #expect(visit.status == 0 && visit.left.map(\.wasThere) == [true])
        let status = try till.status()
        #expect(status.state == .idle && status.error == nil)
    }
}
