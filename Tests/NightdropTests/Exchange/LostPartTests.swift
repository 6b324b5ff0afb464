import Foundation
import Nightdrop
import NightdropFiles
import NightdropModel
import Testing

/// A bundle in parts of which one was lost on its way: its sender learns it at the next visit, and writes it again.
@Suite struct LostPartTests {
    private static let largest: Int64 = 1_500_000

    private let chain: Chain
    private let till: Terminal
    private var stick: String { chain.exchange }

    /// Till and head office know all of each other.
    init() throws {
        chain = try Chain()
        till = try chain.till("T1")
        for _ in 1...2 {
            _ = try till.exchange(with: chain.exchange)
            _ = try chain.central.exchange(with: chain.exchange)
        }
        #expect(try till.exchange(with: chain.exchange).left == [])
    }

    // MARK: Answers of head office

    @Test(arguments: 0..<3) func theTillAsksForAllOfAnAnswerAgain(lost: Int) throws {
        try prices(1...100)
        let parts = try leave()
        try #require(parts.count == 3)
        try FileManager.default.removeItem(atPath: parts[lost])
        let visit = try till.exchange(with: stick)
        #expect(visit.came.map(\.outcome) == [.waiting, .waiting])
        #expect(visit.came.allSatisfy { $0.reason?.hasSuffix("; part \(lost + 1) is missing") == true })
        #expect(visit.attention.count == 1 && visit.status == 75 && visit.safeToRemove)
        let words = try #require(visit.attention.first).message
        #expect(words.contains("came in 3 parts, and part \(lost + 1) is missing, so nothing"))
        #expect(words.contains("this till asks head office to write all of it again"))
        #expect(visit.left.map(\.operations) == [0], "a word, without operations")
        #expect(try till.get("product", "P1") == nil)

        let answer = try chain.central.exchange(with: stick, ExchangeOptions(maxSize: Self.largest))
        #expect(answer.left.map(\.wasThere) == [false, false, false])
        let end = try till.exchange(with: stick)
        #expect(end.came.allSatisfy { $0.outcome == .merged && $0.new == $0.total } && end.attention == [])
        #expect(end.came.reduce(0) { $0 + $1.new } == 100)
        #expect(try products() == 100)
        #expect(try names("T1/inbox") == ["lock"])
    }

    @Test func severalMissingPartsAreSaidOnce() throws {
        try prices(1...100)
        let parts = try leave(maxSize: 800_000)
        try #require(parts.count == 6)
        for lost in [0, 2] { try FileManager.default.removeItem(atPath: parts[lost]) }
        let visit = try till.exchange(with: stick)
        #expect(visit.attention.map(\.message).filter { $0.contains("parts 1 and 3 are missing") }.count == 1)
        #expect(visit.attention.count == 1)
    }

    /// Parts that lie there whole are not written again, whoever asks; too large ones are, and those that are not all whole.
    @Test func aWholeSetIsLeftAsItIs() throws {
        try prices(1...100)
        let parts = try leave()
        let again = try chain.central.exchange(with: stick, ExchangeOptions(maxSize: Self.largest))
        #expect(again.left.map(\.wasThere) == [true, true, true])
        #expect(again.left.map(\.file) == parts)
        let smaller = try chain.central.exchange(with: stick, ExchangeOptions(maxSize: 800_000))
        #expect(smaller.left.map(\.wasThere) == Array(repeating: false, count: 6))
        #expect(Set(smaller.removed) == Set(parts))
        try damage(try #require(smaller.left.last).file)
        let mended = try chain.central.exchange(with: stick, ExchangeOptions(maxSize: 800_000))
        #expect(mended.left.map(\.wasThere) == Array(repeating: false, count: 6))
        _ = try till.exchange(with: stick)
        #expect(try products() == 100)
    }

    /// On a share parts come one after another: nobody asks for what may still be on its way.
    @Test func whatIsStillArrivingIsWaitedFor() throws {
        try prices(1...100)
        let parts = try leave()
        try #require(parts.count == 3)
        var options = ExchangeOptions()
        (options.isShared, options.isLeaving, options.leavesIfLacking) = (true, false, true)
        try FileManager.default.moveItem(atPath: parts[1], toPath: chain.path("late"))
        for file in [parts[0], parts[2]] { try age(file, seconds: 60) }
        let partial = parts[1] + ".partial"
        try Data([1]).write(to: URL(fileURLWithPath: partial))
        try age(partial, seconds: 60)
        let writing = try till.exchange(with: stick, options)
        #expect(writing.left == [] && !writing.came.contains { $0.needsWord })
        try FileManager.default.removeItem(atPath: partial)
        try age(parts[0], seconds: 0)
        let young = try till.exchange(with: stick, options)
        #expect(young.left == [] && !young.came.contains { $0.needsWord })
        #expect(young.attention.first?.message.contains("may still be on its way") == true)
        try age(parts[0], seconds: 60)
        let settled = try till.exchange(with: stick, options)
        #expect(settled.left.map(\.operations) == [0] && settled.came.allSatisfy(\.needsWord))
        try FileManager.default.moveItem(atPath: chain.path("late"), toPath: parts[1])
        #expect(try till.exchange(with: stick, options).came.map(\.outcome).contains(.merged))
    }

    /// Beside a newer answer that lacks a part an older one lies there whole: it is taken, and the rest asked for.
    @Test func anOlderAnswerHelpsPartOfTheWay() throws {
        try prices(1...100)
        let older = try leave()
        try keep(older)
        try prices(101...110)
        let newer = try leave()
        try #require(newer.count == 3 && Set(newer).isDisjoint(with: older))
        try putBack(older)
        try FileManager.default.removeItem(atPath: newer[1])
        let visit = try till.exchange(with: stick)
        #expect(try products() == 100)
        #expect(visit.attention.map(\.message).count { $0.contains("part 2 is missing") } == 1)
        #expect(visit.left.count == 1)
        let answer = try chain.central.exchange(with: stick, ExchangeOptions(maxSize: Self.largest))
        #expect(answer.left.map(\.operations) == [10], "only what it does not have yet")
        #expect(Set(answer.removed).isSuperset(of: [newer[0], newer[2]]))
        #expect(try till.exchange(with: stick).status == 0)
        #expect(try products() == 110)
        #expect(try names("T1/inbox") == ["lock"])
    }

    /// Beside a newer answer that is whole, an older one that lacks a part is of no use, and goes.
    @Test func anOlderAnswerIsNotMissedBesideANewer() throws {
        try prices(1...100)
        let older = try leave()
        try keep(older)
        try prices(101...110)
        let newer = try leave()
        try putBack(older)
        try FileManager.default.removeItem(atPath: older[0])
        let visit = try till.exchange(with: stick)
        #expect(visit.attention == [] && visit.status == 0)
        #expect(try products() == 110)
        #expect((older + newer).allSatisfy { !FileManager.default.fileExists(atPath: $0) })
    }

    /// Under one name lies a part of the answer before: it does not make up for the missing one.
    @Test func aPartOfAnotherTimeDoesNotFillTheGap() throws {
        try prices(1...100)
        let parts = try leave()
        try keep([parts[1]])
        try FileManager.default.removeItem(atPath: parts[0])
        #expect(try leave() == parts)
        try putBack([parts[1]])
        let visit = try till.exchange(with: stick)
        #expect(try products() == 0 && visit.left.count == 1)
        #expect(visit.attention.map(\.message).count { $0.contains("part 2 is missing") } == 1)
        let answer = try chain.central.exchange(with: stick, ExchangeOptions(maxSize: Self.largest))
        #expect(answer.left.map(\.wasThere) == [false, false, false])
        _ = try till.exchange(with: stick)
        #expect(try products() == 100)
    }

    /// What waits for somebody's approval is all there.
    @Test func whatIsHeldBackLacksNothing() throws {
        let settings = chain.path("T1/nightdrop.yaml")
        try (String(contentsOfFile: settings, encoding: .utf8) + "watch: {largeChanges: ask}\n")
            .write(toFile: settings, atomically: true, encoding: .utf8)
        let till = try Terminal(at: chain.path("T1"))
        try prices(1...100)
        let parts = try leave()
        for file in parts { try age(file, seconds: 60) }
        var options = ExchangeOptions()
        options.asksForLargeChanges = true
        for _ in 1...2 {
            let visit = try till.exchange(with: stick, options)
            #expect(visit.came.count == 3)
            #expect(visit.came.allSatisfy { $0.reason?.hasPrefix("approval: 100 records") == true })
            #expect(visit.came.allSatisfy { $0.status == 0 && !$0.needsWord } && visit.status == 0)
        }
        #expect(try till.applyHeld().contains { $0.outcome == .merged })
        #expect(try Chain.show { try till.records("product", $0) }.count == 100)
    }

    // MARK: Journals

    @Test(arguments: 0..<3) func aJournalIsSentAgain(lost: Int) throws {
        for number in 1...5 {
            try till.record(OperationDraft(.create, "sale", id: "T1-\(number)", set: set(["total": "1"])))
            _ = try till.export()
        }
        let options = ExchangeOptions(maxSize: 75_000)
        let parts = try till.exchange(with: stick, options).left.map(\.file)
        try #require(parts.count == 3)
        #expect(try till.exchange(with: stick, options).left.map(\.wasThere) == [true, true, true])
        try FileManager.default.removeItem(atPath: parts[lost])
        let visit = try chain.central.exchange(with: stick)
        #expect(visit.status == (lost == 2 ? 0 : 75))
        let again = try till.exchange(with: stick, options)
        #expect(!again.left.isEmpty && again.left.allSatisfy { !$0.wasThere })
        let end = try chain.central.exchange(with: stick)
        #expect(end.status == 0 && end.came.allSatisfy { [.merged, .known].contains($0.outcome) })
        #expect(try Chain.show { try chain.central.records("sale", $0) }.count == 5)
        _ = try till.exchange(with: stick)
        #expect(try till.status().totals.pending == 0)
        #expect(try names("exchange/to/HQ").count <= 1)
    }

    // MARK: Means

    private func leave(maxSize: Int64 = largest) throws -> [String] {
        try chain.central.exchange(with: stick, ExchangeOptions(maxSize: maxSize)).left.map(\.file)
    }

    /// Copies of files, to be put back later.
    private func keep(_ files: [String]) throws {
        for file in files {
            try FileManager.default.copyItem(atPath: file, toPath: chain.path(Path.name(of: file)))
        }
    }

    private func putBack(_ files: [String]) throws {
        for file in files {
            try? FileManager.default.removeItem(atPath: file)
            try FileManager.default.moveItem(atPath: chain.path(Path.name(of: file)), toPath: file)
        }
    }

    private func age(_ file: String, seconds: TimeInterval) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: file)
    }

    private func damage(_ file: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: file))
        try age(file, seconds: 60)
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: chain.path(folder)).sorted()
    }

    private func products() throws -> Int { try Chain.show { try till.records("product", $0) }.count }

    /// Products whose names do not compress.
    private func prices(_ numbers: ClosedRange<Int>) throws {
        var random = SystemRandomNumberGenerator()
        _ = try chain.central.record(
            numbers.map { number in
                let name = (0..<2000).map { _ in String(UInt64.random(in: 0...(.max), using: &random), radix: 36) }
                return OperationDraft(.create, "product", id: "P\(number)", set: set(["name": "\"\(name.joined())\""]))
            })
    }
}
