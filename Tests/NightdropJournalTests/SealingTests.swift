import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import Testing

@Suite struct SealingTests {
    @Test func sealedTextIsTheOpenTextWithALastLine() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        for number in 0..<40 { try writer.sell((0..<200).map { "T07-\(number)-\($0)" }) }
        let open = try fixture.shell("zcat 000001.open.jsonl.gz")
        let sealed = try writer.seal()
        #expect(sealed.map(\.number) == [1])
        #expect(sealed[0].isSealed && sealed[0].last == 8000 && sealed[0].trailer?.count == 8000)
        let text = try fixture.shell("zcat 000001.jsonl.gz")
        #expect(text.starts(with: open))
        let trailer = try #require(sealed[0].trailer)
        #expect(Array(text[open.count...]) == trailer.line + [UInt8(ascii: "\n")])
        #expect(try fixture.system.status(fixture.path + "/000001.open.jsonl.gz") == nil)
        let size =
            Double(
                String(decoding: try fixture.shell("zcat 000001.jsonl.gz | gzip -6 | wc -c"), as: UTF8.self)
                    .split(separator: "\n")[0]) ?? 0
        #expect(Double(sealed[0].size) < 1.05 * size)
        #expect(try writer.seal().count == 1)
    }

    @Test func theChainIsCheckedWithToolsOfTheSystem() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        for day in 20...22 {
            for number in 0..<5 { try writer.sell(["a\(day)-\(number)", "b\(day)-\(number)"]) }
            _ = try writer.seal(close: "2026-11-\(day)")
        }
        let hashes = try fixture.shell(
            """
            previous=sha256:0000000000000000000000000000000000000000000000000000000000000000
            for file in 000001 000002 000003; do
                zcat $file.jsonl.gz | head -1 | grep -q "\\"previous\\":\\"$previous\\"" || exit 1
                sum=$( (echo $previous; zcat $file.jsonl.gz | grep '^{"seq"') | sha256sum | cut -d' ' -f1)
                previous=sha256:$sum
                echo $previous
            done
            zcat 000004.open.jsonl.gz | grep -q "\\"previous\\":\\"$previous\\""
            """)
        let expected = try fixture.reader.segments().compactMap(\.hash?.text)
        #expect(String(decoding: hashes, as: UTF8.self).split(separator: "\n").map(String.init) == expected)
        var count: Int64 = 0
        try fixture.reader.verify { _, summary in count += summary.count }
        #expect(count == 30)
    }

    @Test func onlyTheSegmentsAskedForAreRead() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        for day in 20...22 {
            try writer.sell(["a\(day)"])
            _ = try writer.seal(close: "2026-11-\(day)")
        }
        let damaged = fixture.path + "/000001.jsonl.gz"
        try fixture.system.remove(damaged)
        try fixture.system.publish(damaged, bytes: Array("no segment".utf8))
        try writer.sell(["a23"])
        let sealed = try writer.seal(close: "2026-11-23", from: 3)
        #expect(sealed.map(\.number) == [3, 4])
        #expect(sealed.map(\.last) == [3, 4])
        #expect(sealed.last?.trailer?.close?.day == "2026-11-23")
        #expect(try fixture.reader.segments(from: 4).map(\.number) == [4, 5])
        #expect(try fixture.reader.newestHeader()?.segment == 5)
        #expect(throws: JournalError.self) { try fixture.reader.segments() }
    }

    @Test func closesOfDayAddUp() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        func close(_ day: String) throws -> DayClose? { try writer.seal(close: day).last?.trailer?.close }
        try writer.sell(["a", "b"], total: "2.50")
        _ = try writer.seal()
        try writer.commit { builder in
            _ = try builder.append([
                OperationDraft(
                    .update, "sale", id: "a", set: [Field("total", .integer(3))],
                    was: [Field("total", FieldValue(checkedJSON: "2.50"))])
            ])
        }
        let sum = try #require(ExactDecimal("5.50"))
        let first = try #require(try close("2026-11-20"))
        #expect(first.part == 1 && first.operations == 3)
        #expect(first.totals == ControlTotals(["sale": .init(creates: 2, sum: sum)]))
        try writer.sell("c")
        let second = try #require(try close("2026-11-20"))
        #expect(second.part == 2 && second.operations == 1)
        let empty = try #require(try close("2026-11-21"))
        #expect(empty == DayClose(day: "2026-11-21", part: 1, operations: 0, totals: ControlTotals()))
        let again = try fixture.writer()
        #expect(try again.seal(close: "2026-11-20").last?.trailer?.close?.part == 3)
        #expect(kind { _ = try writer.seal(close: "yesterday") } == .refused)
        #expect(try writer.sell("d") == 5...5)
        try fixture.reader.verify { _, _ in }
    }

    @Test func aSegmentEndsAtItsLimitAndIsSealedBesideRecording() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        let long = String(repeating: "lorem ipsum ", count: 40_000)
        for number in 0..<80 {
            _ = try writer.commit { builder in
                try builder.append([
                    OperationDraft(
                        .create, "note", id: "n\(number)", set: [Field("t", FieldValue(checkedJSON: "\"\(long)\""))])
                ])
            }
        }
        let segments = try fixture.reader.segments()
        #expect(segments.count == 3)
        _ = try writer.seal()
        for segment in try fixture.reader.segments() where segment.isSealed {
            let size = try fixture.shell("zcat \(Path.name(of: segment.path)) | wc -c")
            #expect(try #require(Int(String(decoding: size.dropLast(), as: UTF8.self))) <= Limits.segmentTextBytes)
        }
        #expect(try fixture.ids() == (0..<80).map { "n\($0)" })
        try fixture.reader.verify { _, _ in }
    }
}
