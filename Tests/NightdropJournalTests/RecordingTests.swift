import NightdropFormats
import NightdropJournal
import NightdropModel
import Synchronization
import Testing

@Suite struct RecordingTests {
    @Test func numbersCountUpAndGoOnAfterReopening() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        #expect(writer.lastSeq == 0)
        #expect(try writer.position().hash == .none)
        #expect(try writer.sell("a") == 1...1)
        #expect(try writer.sell(["b", "c"]) == 2...3)
        let again = try fixture.writer()
        #expect(again.lastSeq == 3)
        #expect(try again.sell("d") == 4...4)
        #expect(try fixture.ids() == ["a", "b", "c", "d"])
        #expect(try fixture.lines(from: 3).count == 2)
        #expect(try fixture.lines()[1].contains("\"tx\":[2,2]"))
        let last = try #require(try fixture.lines().last)
        #expect(try again.position().hash == ContentHash.of(Array(last.utf8)))
        #expect(try again.reader.line(seq: 4) == Array(last.utf8))
    }

    @Test func everyCommitOpensWithZcat() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        for number in 1...5 {
            try writer.sell("sale-\(number)")
            let text = try fixture.shell("zcat 000001.open.jsonl.gz")
            #expect(String(decoding: text, as: UTF8.self).split(separator: "\n").count == number + 1)
        }
    }

    @Test func aCommitMayHoldSeveralUnitsAndShowsWhatItWrote() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        let ids = try writer.commit { builder in
            #expect(builder.nextSeq == 1)
            _ = try builder.append([.sale("a")])
            #expect(try builder.append([.sale("b"), .sale("c")]) == 2...3)
            return builder.withWritten { lines, operations in operations.map { lines[$0.id].text } }
        }
        #expect(ids == ["a", "b", "c"])
        #expect(try writer.commit { _ in 7 } == 7)
        #expect(writer.lastSeq == 3)
    }

    @Test func aThrowingCallerLeavesNothing() throws {
        struct Refusal: Error {}
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        #expect(throws: Refusal.self) {
            try writer.commit { builder in
                _ = try builder.append([.sale("x")])
                throw Refusal()
            }
        }
        #expect(try writer.sell("a") == 1...1)
        #expect(try fixture.ids() == ["a"])
    }

    @Test(arguments: [
        OperationDraft.sale(String(repeating: "x", count: 257)), .sale(""),
        OperationDraft(.create, "1sale", id: "a"),
        OperationDraft(.update, "sale", id: "a", set: [Field("f", .null), Field("f", .null)]),
        OperationDraft(.update, "sale", id: "a", set: [Field(String(repeating: "f", count: 257), .null)]),
        OperationDraft(.update, "sale", id: "a", set: [Field("f", FieldValue(checkedJSON: "{\n}"))]),
        OperationDraft(.update, "sale", id: "a", set: [Field("f", FieldValue(checkedJSON: "nonsense"))]),
        OperationDraft(
            .update, "sale", id: "a",
            set: [Field("f", FieldValue(checkedJSON: "\"\(String(repeating: "x", count: 1 << 20))\""))]),
    ])
    func whatBreaksALimitIsRefused(draft: OperationDraft) throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        #expect(kind { _ = try writer.commit { try $0.append([.sale("good"), draft]) } } == .refused)
        // A caller that catches the refusal keeps what stood before it.
        try writer.commit { builder in
            _ = try builder.append([.sale("a")])
            #expect(kind { _ = try builder.append([draft]) } == .refused)
        }
        #expect(try fixture.ids() == ["a"])
    }

    @Test func transactionsHaveLimits() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        let many = (0...10_000).map { OperationDraft.sale("s\($0)") }
        #expect(kind { _ = try writer.commit { try $0.append(many) } } == .refused)
        #expect(try writer.commit { try $0.append(Array(many.dropLast())) } == 1...10_000)
        let big = FieldValue(checkedJSON: "\"\(String(repeating: "x", count: 1_000_000))\"")
        let nine = (0..<9).map { OperationDraft(.update, "sale", id: "b\($0)", set: [Field("f", big)]) }
        #expect(kind { _ = try writer.commit { try $0.append(nine) } } == .refused)
        #expect(try writer.commit { try $0.append(Array(nine.dropLast())) } == 10_001...10_008)
        #expect(try fixture.ids().count == 10_008)
    }

    @Test func theClockNeverGoesBackWithinASegment() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        try writer.sell("a")
        fixture.time.withLock { $0 -= 4 * 60_000 }
        try writer.sell("b")
        #expect(try fixture.reader.segments().count == 1)
        fixture.time.withLock { $0 -= 6 * 60_000 }
        try writer.sell("c")
        let segments = try fixture.reader.segments()
        #expect(segments.map(\.first) == [1, 3])
        var times: [HybridTime] = []
        try fixture.reader.read(from: 1) { _, operations in times += operations.map(\.time) }
        #expect(times[0] < times[1])
        #expect(times[2] == HybridTime(milliseconds: JournalFixture.start - 10 * 60_000))
        // Another process on the same clock goes on in that segment.
        try fixture.writer().sell("d")
        #expect(try fixture.reader.segments().count == 2)
    }

    @Test func theClockMovesPastTimesFromElsewhere() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        writer.observe(HybridTime(milliseconds: JournalFixture.start + 60_000, counter: 3))
        try writer.sell("a")
        writer.observe(HybridTime(milliseconds: JournalFixture.start + 900_000))
        try writer.sell("b")
        var times: [HybridTime] = []
        try fixture.reader.read(from: 1) { _, operations in times += operations.map(\.time) }
        #expect(times[0] == HybridTime(milliseconds: JournalFixture.start + 60_000, counter: 4))
        #expect(times[1].milliseconds == JournalFixture.start + 300_000)
    }

    @Test func newConditionsBeginASegment() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        try writer.sell("a")
        let conditions = JournalConditions(epoch: .random(), policyVersion: 2, receives: ["product"])
        try writer.setConditions(conditions)
        try writer.setConditions(conditions)
        try writer.sell("b")
        let segments = try fixture.reader.segments()
        #expect(segments.map(\.header.policyVersion) == [1, 2])
        #expect(segments[1].header.epoch == conditions.epoch)
        #expect(segments[1].header.receives == ["product"])
        _ = try fixture.writer(conditions)
        #expect(try fixture.reader.segments().count == 2)
        _ = try fixture.writer(JournalConditions(policyVersion: 3))
        #expect(try fixture.reader.segments().count == 3)
    }

    @Test func aDirectoryOfAnotherJournalIsRefused() throws {
        let fixture = try JournalFixture()
        try fixture.writer().sell("a")
        var identity = fixture.identity
        identity.journal = .random()
        #expect(
            kind {
                _ = try JournalWriter(
                    fileSystem: fixture.system, directory: fixture.path, identity: identity,
                    conditions: JournalConditions(), wallClock: { 0 }, discovered: { _, _ in })
            } == .mismatch)
        #expect(try fixture.ids() == ["a"])
    }
}
