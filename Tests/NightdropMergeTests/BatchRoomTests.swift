import NightdropFormats
import NightdropMerge
import NightdropModel
import Testing

/// How many operations a batch takes: whole transactions, up to its bounds.
@Suite struct BatchRoomTests {
    private let batch = MergeBatch(policy: Policy(version: 1, organisation: "Test", entities: []))
    private let author: RunAuthor

    init() throws {
        author = RunAuthor(journal: .random(), node: try #require(NodeID("T1")), store: nil, isCentral: false)
    }

    /// Operations by the numbers of their transactions, each with a line of so many bytes.
    private func operations(_ transactions: [Int], bytes: Int) -> [ScannedOperation] {
        var operations: [ScannedOperation] = []
        for count in transactions {
            let first = Int64(operations.count + 1)
            for _ in 0..<count {
                var operation = ScannedOperation()
                operation.seq = Int64(operations.count + 1)
                if count > 1 { (operation.transactionFirst, operation.transactionCount) = (first, Int32(count)) }
                operation.line = ByteRange(0, bytes)
                operations.append(operation)
            }
        }
        return operations
    }

    /// Puts one operation into the batch, as long as it says.
    private func fill(bytes: Int) {
        let text = SegmentText(capacity: 16)
        text.append(room: 16) { room in
            room.copyBytes(from: "saleid".utf8)
            return 6
        }
        var operation = operations([1], bytes: bytes)[0]
        (operation.entity, operation.id) = (ByteRange(0, 4), ByteRange(4, 6))
        batch.begin(author, text: text, segment: 0)
        batch.add(operation)
    }

    @Test(arguments: [(0, 0), (1, 1), (2, 4), (3, 4), (4, 4), (5, 5), (9, 6)])
    func noTransactionIsDivided(_ most: Int, _ room: Int) {
        #expect(batch.room(for: operations([1, 3, 1, 1], bytes: 10)[...], atMost: most) == room)
    }

    @Test func theBytesOfAllLinesAreBounded() {
        fill(bytes: Limits.batchTextBytes - 20)
        #expect(batch.room(for: operations([1, 1, 1], bytes: 9)[...], atMost: 10) == 2)
        #expect(batch.room(for: operations([1, 2], bytes: 9)[...], atMost: 10) == 1)
        #expect(batch.room(for: operations([3], bytes: 9)[...], atMost: 10) == 0)
    }

    @Test func theNumberOfOperationsIsBounded() {
        fill(bytes: 1)
        let most = Limits.batchOperations
        #expect(batch.room(for: operations(Array(repeating: 1, count: most), bytes: 1)[...], atMost: most) == most - 1)
        #expect(batch.room(for: operations([most - 2, 2], bytes: 1)[...], atMost: most) == most - 2)
    }

    @Test func anEmptyBatchTakesAnyTransaction() {
        #expect(batch.room(for: operations([2, 1], bytes: Limits.batchTextBytes)[...], atMost: 10) == 2)
    }
}
