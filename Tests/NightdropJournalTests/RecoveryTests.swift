import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import NightdropJournal
import Testing

@Suite struct RecoveryTests {
    private static let open = "/j/000001.open.jsonl.gz"

    @Test func aTailTornAtAnyByteIsCut() throws {
        let fixture = try JournalFixture(CrashFileSystem(), path: "/j")
        let writer = try fixture.writer()
        try writer.sell("a")
        let before = try #require(try fixture.system.contents(Self.open))
        try writer.sell(["b", "c"])
        let after = try #require(try fixture.system.contents(Self.open))
        for size in before.count...after.count {
            let torn = try JournalFixture(CrashFileSystem(), path: "/j")
            try torn.system.createDirectory("/j")
            try torn.system.publish(Self.open, bytes: Array(after[..<size]))
            let whole = size == after.count
            #expect(try torn.ids() == (whole ? ["a", "b", "c"] : ["a"]))
            let again = try torn.writer()
            #expect(again.lastSeq == (whole ? 3 : 1))
            try again.sell("d")
            #expect(try torn.ids() == (whole ? ["a", "b", "c", "d"] : ["a", "d"]))
        }
    }

    @Test func aTailOfZerosOrGarbageIsCut() throws {
        for junk in [[UInt8](repeating: 0, count: 300), Array("garbage at the end".utf8), [0x1F]] {
            let fixture = try JournalFixture(CrashFileSystem(), path: "/j")
            try fixture.writer().sell("a")
            let bytes = try #require(try fixture.system.contents(Self.open))
            try fixture.system.publish(Self.open, bytes: bytes + junk)
            try fixture.writer().sell("b")
            #expect(try fixture.ids() == ["a", "b"])
        }
    }

    @Test func damageInTheMiddleIsSaidAndNothingIsDropped() throws {
        let fixture = try JournalFixture(CrashFileSystem(), path: "/j")
        let writer = try fixture.writer()
        var ends: [Int] = []
        for id in ["a", "b", "c"] {
            ends.append(try #require(try fixture.system.contents(Self.open)).count)
            try writer.sell(id)
        }
        let good = try #require(try fixture.system.contents(Self.open))
        for position in ends[0]..<ends[2] {
            var bytes = good
            bytes[position] ^= 0x10
            let broken = try JournalFixture(CrashFileSystem(), path: "/j")
            try broken.system.createDirectory("/j")
            try broken.system.publish(Self.open, bytes: bytes)
            let found = kind { _ = try broken.writer() }
            // A few bytes of a gzip header, and the bits that fill the byte behind it, say nothing; all others are covered.
            if found == nil {
                #expect(try broken.lines() == fixture.lines())
            } else {
                #expect(found == .damaged)
                #expect(try broken.system.contents(Self.open) == bytes)
            }
            #expect((position - ends[0]) % (ends[1] - ends[0]) <= 10 || found == .damaged)
        }
    }

    @Test func damageOfASealedSegmentIsFound() throws {
        let fixture = try JournalFixture(CrashFileSystem(), path: "/j")
        let writer = try fixture.writer()
        try writer.sell(["a", "b"])
        _ = try writer.seal()
        let sealed = "/j/000001.jsonl.gz"
        var bytes = try #require(try fixture.system.contents(sealed))
        bytes[bytes.count / 2] ^= 1
        try fixture.system.publish(sealed, bytes: bytes)
        #expect(kind { try fixture.reader.verify { _, _ in } } == .damaged)
        try fixture.system.remove(sealed)
        #expect(kind { _ = try fixture.ids() } == .missing)
    }

    /// Whatever was acknowledged is there after a power cut at any call, in order, and recording goes on.
    @Test(arguments: [Loss.everything, .nothing, .random(seed: 1), .random(seed: 2), .random(seed: 3)])
    func aPowerCutAnywhereLosesNothingAcknowledged(loss: Loss) throws {
        var number = 1
        while true {
            let base = CrashFileSystem()
            let faulty = FaultFileSystem(over: base, Fault(number: number, isLasting: true, writtenBytes: number % 40))
            let acknowledged = Self.record(try JournalFixture(faulty, path: "/j"))
            let found = try JournalFixture(base.crashed(loss), path: "/j")
            let writer = try found.writer()
            let ids = try found.ids()
            let inFlight = ids.dropFirst(acknowledged.count)
            #expect(ids.starts(with: acknowledged) && inFlight.count <= 2, "call \(number)")
            try writer.sell("after")
            _ = try writer.seal(close: "2026-11-21")
            #expect(try found.ids() == ids + ["after"], "call \(number)")
            try found.reader.verify { _, _ in }
            let names = try found.system.names(in: "/j")
            #expect(names.allSatisfy { !$0.hasSuffix(".partial") } && names.count { $0.contains(".open.") } == 1)
            if !faulty.hasFailed { break }
            number += 1
        }
        #expect(number > 50)
    }

    /// A single failing call is an error to the caller at most, and the same writer goes on afterwards.
    @Test(arguments: [FileError.Kind.noSpace, .inputOutput])
    func aFailedCallIsSurvived(kind: FileError.Kind) throws {
        var number = 1
        while true {
            let base = CrashFileSystem()
            let calls: Set<FileCall> = [.write, .synchronize, .rename, .synchronizeDirectory]
            let fault = Fault(calls, number: number, kind: kind, writtenBytes: number % 60)
            let faulty = FaultFileSystem(over: base, fault)
            let fixture = try JournalFixture(faulty, path: "/j")
            let writer = try (try? fixture.writer()) ?? fixture.writer()
            var acknowledged: [String] = []
            for round in 0..<3 {
                for ids in [["a\(round)"], ["b\(round)", "c\(round)"]] where (try? writer.sell(ids)) != nil {
                    acknowledged += ids
                }
                _ = try? writer.seal(close: round == 1 ? "2026-11-20" : nil)
            }
            for system in [base, base.crashed()] {
                let found = try JournalFixture(system, path: "/j")
                #expect(try found.ids() == acknowledged, "call \(number)")
                try found.reader.verify { _, _ in }
            }
            #expect(acknowledged.count >= 7)
            if !faulty.hasFailed { break }
            number += 1
        }
        #expect(number > 20)
    }

    @Test func afterAFailedSyncANewSegmentBegins() throws {
        let base = CrashFileSystem()
        let faulty = FaultFileSystem(over: base, Fault([.synchronize], number: 3))
        let fixture = try JournalFixture(faulty, path: "/j")
        let writer = try fixture.writer()
        try writer.sell("a")
        #expect(kind { _ = try writer.sell("b") } == .inputOutput)
        #expect(try writer.sell("c") == 2...2)
        #expect(try fixture.reader.segments().map(\.first) == [1, 2])
        #expect(try writer.seal().count == 2)
        #expect(try fixture.ids() == ["a", "c"])
        try fixture.reader.verify { _, _ in }
    }

    @Test func aFullDiskLeavesTheJournalValid() throws {
        let faulty = FaultFileSystem(
            over: CrashFileSystem(), Fault([.write], number: 3, kind: .noSpace, isLasting: true, writtenBytes: 20))
        let fixture = try JournalFixture(faulty, path: "/j")
        let writer = try fixture.writer()
        try writer.sell("a")
        #expect(kind { _ = try writer.sell("b") } == .noSpace)
        #expect(kind { _ = try writer.sell("c") } == .noSpace)
        #expect(try fixture.ids() == ["a"])
    }

    /// Records until the first error; the ids that were acknowledged.
    private static func record(_ fixture: JournalFixture) -> [String] {
        var acknowledged: [String] = []
        func sell(_ writer: JournalWriter, _ ids: [String]) throws {
            try writer.sell(ids)
            acknowledged += ids
        }
        do {
            let writer = try fixture.writer()
            try sell(writer, ["a"])
            try sell(writer, ["b", "c"])
            _ = try writer.seal(close: "2026-11-20")
            try sell(writer, ["d"])
            try writer.setConditions(
                JournalConditions(policyVersion: 1, controlFields: ["sale": "total"], receives: []))
            try sell(writer, ["e", "f"])
            _ = try writer.seal()
            try sell(writer, ["g"])
        } catch {}
        return acknowledged
    }
}
