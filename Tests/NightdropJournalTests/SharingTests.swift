import NightdropFormats
import NightdropJournal
import NightdropModel
import Synchronization
import Testing

private final class Given: Sendable {
    let value = Mutex<[(ClosedRange<Int64>, [String])]>([])
}

private final class Flag: Sendable {
    let value = Atomic(false)
}

@Suite struct SharingTests {
    @Test func threadsShareGroupsAndNumbersHaveNoGaps() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        let given = Given()
        concurrently(4) { thread in
            for number in 0..<100 {
                let ids = (0...(number % 3)).map { "t\(thread)-\(number)-\($0)" }
                guard let range = try? writer.sell(ids) else { continue }
                given.value.withLock { $0.append((range, ids)) }
            }
        }
        try check(fixture, given.value.withLock { $0 })
        #expect(try writer.reader.segments().count == 1)
    }

    @Test func writersOnOneDirectoryTakeTurnsAndTellOfEachOther() throws {
        let fixture = try JournalFixture()
        let writers = try (0..<2).map { _ in try fixture.writer() }
        let given = Given()
        concurrently(4) { thread in
            for number in 0..<50 {
                let ids = (0...(number % 2)).map { "t\(thread)-\(number)-\($0)" }
                guard let range = try? writers[thread % 2].sell(ids) else { continue }
                given.value.withLock { $0.append((range, ids)) }
                if number % 20 == thread { _ = try? writers[thread % 2].seal() }
            }
        }
        try check(fixture, given.value.withLock { $0 })
        #expect(try fixture.reader.segments().count > 3)
        try fixture.reader.verify { _, _ in }
    }

    @Test func whatAnotherProcessAppendsIsToldBeforeTheNextCommit() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        let other = try fixture.writer()
        try writer.sell("a")
        #expect(fixture.told.withLock { $0 } == [])
        let told = try other.commit { builder in
            #expect(builder.nextSeq == 2)
            _ = try builder.append([.sale("b")])
            return fixture.told.withLock { $0 }
        }
        #expect(try told == fixture.lines().dropLast())
        try other.setConditions(JournalConditions(policyVersion: 2))
        try other.sell("c")
        _ = try other.seal()
        try other.sell("d")
        try writer.sell("e")
        #expect(try fixture.told.withLock { $0 } == fixture.lines().dropLast())
        #expect(try fixture.ids() == ["a", "b", "c", "d", "e"])
        #expect(try fixture.reader.segments().last?.header.policyVersion == 2)
    }

    @Test func theExtentChangesWithWhateverAnybodyAppends() throws {
        let fixture = try JournalFixture()
        let writers = try (0..<2).map { _ in try fixture.writer() }
        var extents = [try fixture.reader.extent()]
        for number in 0..<4 {
            try writers[number % 2].sell("s\(number)")
            extents.append(try fixture.reader.extent())
            #expect(try fixture.reader.extent() == extents.last)
        }
        _ = try writers[0].seal()
        try writers[1].sell("last")
        extents.append(try fixture.reader.extent())
        for (index, extent) in extents.enumerated() { #expect(!extents[..<index].contains(extent)) }
    }

    @Test func aReaderBesideAWriterSeesWholeTransactionsInOrder() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        let isDone = Flag()
        concurrently(2) { role in
            if role == 0 {
                for number in 0..<150 {
                    _ = try? writer.sell(["a\(number)", "b\(number)"])
                    if number % 40 == 39 { _ = try? writer.seal() }
                }
                isDone.value.store(true, ordering: .releasing)
            } else {
                var seen: Int64 = 0
                while !isDone.value.load(ordering: .acquiring) {
                    do {
                        let durable = writer.lastSeq
                        try writer.reader.read(from: seen + 1, through: durable) { _, operations in
                            #expect(operations.first?.seq == seen + 1)
                            seen = operations.last?.seq ?? seen
                        }
                        #expect(seen == durable && seen % 2 == 0)
                    } catch {
                        Issue.record(error)
                        return
                    }
                }
            }
        }
        #expect(try fixture.ids().count == 300)
    }

    /// Every commit stands where its caller was told, unbroken, and nothing else stands in the journal.
    private func check(_ fixture: JournalFixture, _ given: [(ClosedRange<Int64>, [String])]) throws {
        let sorted = given.sorted { $0.0.lowerBound < $1.0.lowerBound }
        #expect(sorted.flatMap { Array($0.0) } == Array(1...Int64(sorted.reduce(0) { $0 + $1.1.count })))
        #expect(try fixture.ids() == sorted.flatMap(\.1))
        for number in 0..<50 { #expect(sorted.count { $0.1[0].contains("-\(number)-") } == 4) }
    }
}
