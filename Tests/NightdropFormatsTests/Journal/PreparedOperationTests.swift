import NightdropFormats
import NightdropModel
import Testing

@Suite struct PreparedOperationTests {
    private static let drafts = [
        OperationDraft(.create, "sale", id: "T07-1", set: [Field("total", .integer(995))], key: "k\"1", by: "Zoë"),
        OperationDraft(
            .update, "product", id: "P \\ 1", set: [Field("price", FieldValue(checkedJSON: "{\"a\":[1,\"}\"]}"))],
            was: [Field("price", .null)], base: 7, store: "S1"),
        OperationDraft(.update, "stock", id: "P1", add: [Field("quantity", .integer(-2))], by: "anna"),
        OperationDraft(.delete, "customer", id: "C1"),
    ]

    @Test(arguments: drafts, [nil, (7, 3)] as [(Int64, Int)?])
    func whatIsPreparedIsWhatWouldBeWrittenAndRead(_ draft: OperationDraft, _ place: (Int64, Int)?) throws {
        let prepared = try PreparedOperation(draft)
        for (seq, time) in [
            (Int64(7), HybridTime(milliseconds: 1_790_000_000_000)),
            (9_007_199_254_740_991, HybridTime(milliseconds: 253_402_300_799_999, counter: .max)),
        ] {
            let transaction = place.map { (first: $0.0, count: $0.1) }
            var out = Array("what stands before\n".utf8)
            let start = out.count
            let found = try #require(prepared.append(seq: seq, time: time, transaction: transaction, to: &out))
            var written = Array(out[..<start])
            OperationWriter.append(
                NumberedOperation(seq: seq, time: time, draft: draft, transaction: transaction), to: &written)
            #expect(String(decoding: out, as: UTF8.self) == String(decoding: written, as: UTF8.self))
            let read = try written.withUnsafeBytes { try OperationScanner.scan($0, start..<(written.count - 1)) }
            #expect("\(found)" == "\(read)")
        }
    }

    @Test func whatNoReaderWouldTakeIsRefusedWithTheRecordsName() {
        for draft in [
            OperationDraft(.create, "no entity", id: "1"),
            OperationDraft(.create, "note", id: ""),
            OperationDraft(.create, "note", id: "1", set: [Field("a", FieldValue(checkedJSON: "[1,\n2]"))]),
            OperationDraft(.create, "note", id: "1", set: [Field("a", FieldValue(checkedJSON: "[1"))]),
        ] {
            let error = #expect(throws: JSONError.self) { try PreparedOperation(draft) }
            #expect(error?.reason.hasPrefix("\(draft.entity) \(draft.id): ") == true)
        }
    }

    @Test func aLineOrATimeThatCannotBeReadBackIsNotWritten() throws {
        let text = FieldValue(checkedJSON: "\"" + String(repeating: "a", count: Limits.operationBytes - 120) + "\"")
        let long = try PreparedOperation(OperationDraft(.create, "note", id: "1", set: [Field("a", text)]))
        let short = try PreparedOperation(OperationDraft(.create, "note", id: "1"))
        let now = HybridTime(milliseconds: 1_790_000_000_000)
        var out: [UInt8] = [1]
        #expect(long.append(seq: 1, time: now, transaction: nil, to: &out) != nil)
        out = [1]
        #expect(long.append(seq: .max, time: now, transaction: (.max, 10_000), to: &out) == nil)
        #expect(
            short.append(seq: 1, time: HybridTime(milliseconds: 253_402_300_800_000), transaction: nil, to: &out) == nil
        )
        #expect(
            short.append(seq: 1, time: HybridTime(milliseconds: -62_167_219_200_001), transaction: nil, to: &out) == nil
        )
        #expect(out == [1])
    }
}
