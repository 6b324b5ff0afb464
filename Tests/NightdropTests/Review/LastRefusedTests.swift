import Foundation
import Nightdrop
import NightdropModel
import Testing

/// A till of which head office refused a bundle that it had really signed: nobody may overlook that.
@Suite struct LastRefusedTests {
    private let chain: Chain
    private let till: Terminal
    private let clone: Terminal

    init() throws {
        chain = try Chain()
        try chain.till("T2")
        till = try chain.till("T1")
        try chain.copyNode("T1", to: chain.path("clone"))
        clone = try Terminal(at: chain.path("clone"))
        for name in ["a", "b"] {
            try FileManager.default.createDirectory(atPath: chain.path(name), withIntermediateDirectories: true)
        }
    }

    /// Closes a day with a sale, and returns the bundle.
    private func close(_ till: Terminal, _ id: String, _ day: String, _ folder: String) throws -> String {
        try till.record(OperationDraft(.create, "sale", id: id, set: set(["total": "1"])))
        return try #require(try till.close(day: day, to: chain.path(folder)).bundle)
    }

    private func refused() throws -> [String] {
        try chain.central.status().alerts.filter { $0.kind == .refused }.map(\.terminal.text)
    }

    @Test func aClonesBundleIsAnAlertUntilALaterOneIsMerged() throws {
        _ = try chain.central.merge([close(till, "1", "2026-11-19", "a")])
        #expect(try refused() == [])
        let fork = try close(clone, "X", "2026-11-19", "b")
        #expect(try chain.central.merge([fork]).bundles.map(\.outcome) == [.refused])
        #expect(try refused() == ["T1"])
        let status = try chain.central.writeStatus()
        #expect(status.summary == "bundles of 1 till refused")
        let text = try #require(status.alerts.first?.text)
        #expect(text.contains("T1") && text.contains("fork: ") && text.contains("at 20"), "\(text)")
        let rows = try chain.central.terminals()
        let shown = try #require(rows.first { $0.node.text == "T1" }?.refused)
        #expect(shown.reason.hasPrefix("fork:") && fork.hasSuffix(shown.bundle) && shown.at > 0)
        #expect(rows.first { $0.node.text == "T2" }?.refused == nil)
        #expect(try String(contentsOfFile: chain.path("HQ/status.json"), encoding: .utf8).contains(#""refused""#))

        // One that is known already says nothing new of the till.
        _ = try chain.central.merge([chain.path("a")])
        #expect(try refused() == ["T1"])
        _ = try chain.central.merge([close(till, "2", "2026-11-20", "a")])
        #expect(try refused() == [])
        // It may lie there for long.
        _ = try chain.central.merge([fork])
        #expect(try refused() == [])
        let event = try #require(try chain.central.events(limit: 1).first)
        #expect(event.kind == "refuse" && event.node == "T1")
        _ = try chain.central.merge([close(clone, "Y", "2026-11-20", "b")])
        #expect(try refused() == ["T1"])
    }

    @Test func aLaterOneOfTheSameRunCounts() throws {
        _ = try chain.central.merge([close(till, "1", "2026-11-19", "a")])
        let fork = try close(clone, "X", "2026-11-19", "b")
        let next = try close(till, "2", "2026-11-20", "a")
        #expect(try chain.central.merge([fork, next]).bundles.map(\.outcome) == [.refused, .merged])
        #expect(try refused() == [])
    }

    @Test func aTillThatIsRevokedTroublesNobody() throws {
        _ = try chain.central.merge([close(till, "1", "2026-11-19", "a")])
        _ = try chain.central.merge([close(clone, "X", "2026-11-19", "b")])
        #expect(try refused() == ["T1"])
        _ = try chain.central.revoke(try #require(NodeID("T1")))
        #expect(try refused() == [])
    }
}
