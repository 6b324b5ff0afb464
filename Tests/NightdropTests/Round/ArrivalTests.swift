import Foundation
import Nightdrop
import NightdropBundle
import NightdropModel
import Testing

/// Bundles that arrive in another way than they should.
@Suite struct ArrivalTests {
    private func sale(_ till: Terminal, _ id: String) throws {
        _ = try till.record(OperationDraft(.create, "sale", id: id, set: set(["total": "1"])))
    }

    private func folder(_ name: String, _ chain: Chain) throws -> String {
        try FileManager.default.createDirectory(atPath: chain.path(name), withIntermediateDirectories: true)
        return chain.path(name)
    }

    @Test func aTillWhoseBundleHasAGapIsAskedToSendAgain() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let backup = chain.path("backup")
        try chain.copyNode("HQ", to: backup)
        try sale(till, "T1-1")
        try chain.close("T1", day: "2026-11-19")
        try chain.merge()
        try chain.takeAll()
        try sale(till, "T1-2")
        let later = try folder("later", chain)
        _ = try till.close(day: "2026-11-20", to: later)
        let report = try Central(at: backup).merge([later], returnTo: later)
        #expect(report.bundles.map(\.outcome) == [.waiting])
        #expect(report.status == 75)
        #expect(report.returns.map(\.terminal.text) == ["T1"])
    }

    /// A clone's bundle is not taken for what is known, also if both come in one run.
    @Test func otherContentUnderKnownNumbersIsRefused() throws {
        let chain = try Chain()
        try chain.till("T1")
        let clone = chain.path("clone")
        let a = try folder("a", chain)
        let b = try folder("b", chain)
        try chain.copyNode("T1", to: clone)
        let till = try #require(chain.tills["T1"])
        try sale(till, "T1-1")
        _ = try till.close(day: "2026-11-19", to: a)
        try sale(till, "T1-2")
        let first = try #require(try till.close(day: "2026-11-20", to: a).bundle)
        let other = try Terminal(at: clone)
        try sale(other, "T1-X")
        let second = try #require(try other.close(day: "2026-11-19", to: b).bundle)
        // Taken in the order of their names.
        let renamed = chain.path("z.nightdrop.tar")
        try FileManager.default.copyItem(atPath: second, toPath: renamed)
        let report = try chain.central.merge([first, renamed])
        #expect(report.bundles.map(\.outcome) == [.merged, .refused])
        #expect(report.bundles.last?.reason?.hasPrefix("fork:") == true)
    }

    @Test func aClockThatRanAheadDoesNotHideWhatComesLater() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try sale(till, "T1-1")
        try chain.close("T1", day: "2026-11-19")
        try chain.merge()
        try chain.takeAll()
        try chain.sqlite("UPDATE _terminal SET seen = 4102444800000")
        try sale(till, "T1-2")
        try chain.close("T1")
        try chain.merge()
        let seen = try #require(try chain.central.terminals().first?.seen)
        #expect(seen < 4_102_444_800_000)
    }
}
