import Foundation
import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import Testing

/// Bundles that are too large for one file.
@Suite struct PartTests {
    private func fill(_ till: Terminal, segments: Int) throws {
        for number in 1...segments {
            try till.record(OperationDraft(.create, "sale", id: "T1-\(number)", set: set(["total": "1"])))
            _ = try till.export()
        }
    }

    private func move(_ files: [String], to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for file in files {
            try FileManager.default.moveItem(atPath: file, toPath: folder + "/" + Path.name(of: file))
        }
    }

    @Test func partsOfAJournalComeInAnyOrder() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try fill(till, segments: 5)
        let left = try till.exchange(with: chain.exchange, ExchangeOptions(maxSize: 75_000)).left
        try #require(left.count >= 2)
        #expect(left.allSatisfy { $0.file.contains("of\(left.count).nightdrop.tar") && $0.bytes <= 75_000 })
        try move([left[0].file], to: chain.path("late/to/HQ"))
        let early = try chain.central.exchange(with: chain.exchange)
        #expect(early.came.allSatisfy { $0.outcome == .waiting })
        #expect(early.status == 75)
        #expect(left.dropFirst().allSatisfy { FileManager.default.fileExists(atPath: $0.file) })
        let late = try chain.central.exchange(with: chain.path("late"))
        #expect(late.came.map(\.outcome) == [.merged])
        let rest = try chain.central.exchange(with: chain.exchange)
        #expect(rest.came.map(\.outcome) == Array(repeating: .merged, count: left.count - 1))
        #expect(rest.status == 0)
        #expect(try Chain.show { try chain.central.records("sale", $0) }.count == 5)
        #expect(try till.exchange(with: chain.exchange).came.map(\.outcome).contains(.merged))
    }

    /// A return whose second part is on another stick waits; whichever comes last applies all of them, once.
    @Test(arguments: [false, true]) func partsOfAReturnAreAppliedTogether(lastFirst: Bool) throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try prices(chain)
        let files = try chain.central.writeReturns([#require(NodeID("T1"))], to: chain.exchange, maxSize: 1_000_000)
            .map(\.file)
        try #require(files.count >= 3)
        let missing = lastFirst ? files.count - 1 : 0
        try move([files[missing]], to: chain.path("late/to/T1"))
        let early = try till.exchange(with: chain.exchange)
        #expect(early.status == 75)
        let reasons = early.came.filter { $0.outcome == .waiting }.compactMap(\.reason)
        #expect(reasons.count == files.count - 1)
        #expect(reasons.contains { $0.contains("part \(missing + 1) is missing") }, "\(reasons)")
        #expect(try till.get("product", "P1") == nil)
        #expect(files.indices.allSatisfy { $0 == missing || FileManager.default.fileExists(atPath: files[$0]) })
        let late = try till.exchange(with: chain.path("late"))
        #expect(late.came.map(\.outcome) == [.merged])
        #expect(try Chain.show { try till.records("product", $0) }.count == 2000)
        let done = try till.exchange(with: chain.exchange)
        #expect(done.status == 0)
        #expect(done.came.allSatisfy { $0.outcome == .known })
        #expect(files.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
        let inbox = try FileManager.default.contentsOfDirectory(atPath: chain.path("T1/inbox"))
        #expect(inbox == ["lock"])
    }

    /// Parts that were cut at different moments are not mixed, whatever their names say.
    @Test func partsOfTwoReturnsDoNotMix() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try prices(chain)
        let node = [try #require(NodeID("T1"))]
        let old = try chain.central.writeReturns(node, to: chain.exchange, maxSize: 1_000_000).map(\.file)
        try move([old[0]], to: chain.path("early/to/T1"))
        _ = try till.take([chain.path("early")])
        // The same names, written again.
        let new = try chain.central.writeReturns(node, to: chain.exchange, maxSize: 1_000_000).map(\.file)
        #expect(new == old)
        try move(Array(new[1...]), to: chain.path("late/to/T1"))
        let outcomes = try till.take([chain.path("late")])
        #expect(outcomes.allSatisfy { $0.outcome == .waiting })
        #expect(try till.get("product", "P1") == nil)
        #expect(try till.take([chain.exchange]).contains { $0.outcome == .merged })
        #expect(try Chain.show { try till.records("product", $0) }.count == 2000)
    }

    /// Parts that nobody waits for any more leave the inbox.
    @Test func partsThatAreOvertakenGo() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try prices(chain)
        let node = [try #require(NodeID("T1"))]
        let files = try chain.central.writeReturns(node, to: chain.exchange, maxSize: 1_000_000).map(\.file)
        _ = try till.take([files[1]])
        #expect(try FileManager.default.contentsOfDirectory(atPath: chain.path("T1/inbox")).count == 2)
        _ = try chain.central.record(
            OperationDraft(.create, "product", id: "more", set: set(["name": "\"Tea\""])))
        let whole = try chain.central.writeReturns(node, to: chain.exchange).map(\.file)
        #expect(whole.count == 1)
        #expect(try till.take(whole).map(\.outcome) == [.merged])
        #expect(try FileManager.default.contentsOfDirectory(atPath: chain.path("T1/inbox")) == ["lock"])
    }

    @Test func aLimitThatNothingFitsIsRefused() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        try fill(till, segments: 1)
        let error = #expect(throws: NightdropError.self) { try till.export(to: chain.exchange, maxSize: 1000) }
        #expect(error?.kind == .usage)
        let visit = try till.exchange(with: chain.exchange, ExchangeOptions(maxSize: 1000))
        #expect(visit.status == 64 && !visit.safeToRemove)
        let node = [try #require(NodeID("T1"))]
        #expect(throws: (any Error).self) { try chain.central.writeReturns(node, to: chain.exchange, maxSize: 1000) }
    }

    /// Products whose names do not compress.
    private func prices(_ chain: Chain) throws {
        var random = SystemRandomNumberGenerator()
        for start in stride(from: 1, through: 2000, by: 500) {
            _ = try chain.central.record(
                (start..<start + 500).map { number in
                    let name = (0..<160).map { _ in String(UInt64.random(in: 0...(.max), using: &random), radix: 36) }
                    return OperationDraft(
                        .create, "product", id: "P\(number)", set: set(["name": "\"\(name.joined())\""]))
                })
        }
    }
}
