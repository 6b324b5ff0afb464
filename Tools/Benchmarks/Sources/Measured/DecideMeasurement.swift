import Nightdrop
import NightdropFormats
import NightdropMerge
import NightdropModel

/// What the merge decides, without a store: operations that are scanned and grouped by record, merged into records that are in
/// memory. One operation in twenty is a conflict. Grouping, which the other thread does, is measured beside it.
enum DecideMeasurement {
    /// The tills' cursor; what head office has changed since then, they cannot have seen.
    private static let base: Int64 = 1000
    private static let perBatch = Limits.batchOperations
    private static let now: Int64 = 1_767_700_000_000

    /// Decides so many operations, in batches as a merge has them.
    static func decide(operations count: Int) throws -> Measurement {
        let policy = try PolicyFile.builtIn(organisation: "Corner Shops")
        let validator = PolicyValidator(policy)
        var tills = (1...Till.tills).map { Till($0, seed: 20_261_120) }
        var result = Measurement()
        for _ in 0..<max(1, count / perBatch) {
            let runs = try tills.indices.map { try run(&tills[$0], perBatch / Till.tills) }
            let batch = MergeBatch(policy: policy, validator: validator, expecting: perBatch)
            let grouped = Measurement.of {
                for run in runs {
                    batch.begin(run.author, text: run.text, segment: 0)
                    batch.add(run.operations[...])
                }
                batch.arrange()
                return Int64(batch.operations.count)
            }
            var records = load(batch)
            let context = MergeContext(
                firstCSN: 10_000, now: now, authors: authors(runs.map(\.author)),
                runCodes: (0..<Int32(runs.count)).map { $0 + 2 }, aliases: [])
            var conflicts = 0
            let decided = Measurement.of {
                let spare = DuplicateSlots.prepare(batch, context, &records) { _ in MergeRecord() }
                var merger = BatchMerger(
                    batch: batch, records: records, context: context, stored: [:], spareSlots: spare)
                records = []
                merger.merge()
                conflicts = merger.conflicts.count
                return Int64(batch.operations.count)
            }
            result.operations += decided.operations
            result.seconds += decided.seconds
            result.cpu += decided.cpu
            result.more["grouping", default: 0] += grouped.cpu
            result.more["conflicts", default: 0] += Double(conflicts)
        }
        return result
    }

    private struct TillRun {
        let author: RunAuthor
        let text: SegmentText
        let operations: [ScannedOperation]
    }

    /// What a till recorded.
    private static func run(_ till: inout Till, _ count: Int) throws -> TillRun {
        var lines: [UInt8] = []
        var ranges: [Range<Int>] = []
        for _ in 0..<count {
            let start = lines.count
            OperationWriter.append(till.next(base: base), to: &lines)
            ranges.append(start..<(lines.count - 1))
        }
        let text = SegmentText(capacity: lines.count)
        text.append(room: lines.count) { room in
            room.copyBytes(from: lines)
            return lines.count
        }
        return TillRun(
            author: RunAuthor(journal: UniqueID.random(), node: till.node, store: till.store, isCentral: false),
            text: text, operations: try ranges.map { try OperationScanner.scan(text.buffer, $0) })
    }

    private static func authors(_ tills: [RunAuthor]) -> [Int32: MergeAuthor] {
        var authors: [Int32: MergeAuthor] = [1: MergeAuthor(code: 1, node: "HQ", journal: "", isCentral: true)]
        for (index, till) in tills.enumerated() {
            let code = Int32(index) + 2
            authors[code] = MergeAuthor(
                code: code, node: till.node.text, journal: till.journal.text, isCentral: false)
        }
        return authors
    }

    /// The records that a batch's operations change, but for those that it makes.
    private static func load(_ batch: MergeBatch) -> ContiguousArray<MergeRecord> {
        var isMade = [Bool?](repeating: nil, count: batch.index.slots.count)
        for (operation, slot) in zip(batch.operations, batch.slotOf) where isMade[Int(slot)] == nil {
            isMade[Int(slot)] = operation.action == .create
        }
        return ContiguousArray(
            batch.index.slots.indices.map { slot in
                isMade[slot] == true ? MergeRecord() : record(slot, batch)
            })
    }

    /// A record that head office has had for long; of the prices, about a third were changed lately.
    private static func record(_ slot: Int, _ batch: MergeBatch) -> MergeRecord {
        let (data, clocks): (String, String)
        switch batch.entities[Int(batch.index.slots[slot].entity)].policy.name {
        case "product":
            data = #"{"name":"Article 4711","price":1.01,"unit":"piece","category":"c12","vat":19}"#
            clocks =
                slot % 14 < 5
                ? #"[500,1,1767500000000,{"price":[2000,1,1767600000000]}]"# : "[500,1,1767500000000]"
        case "inventory":
            data = #"{"location":"shelf-12","quantity":10000000}"#
            clocks = "[500,1,1767500000000]"
        default:
            data = #"{"total":12.50,"paid":"card","points":12}"#
            clocks = "[500,1,1767500000000]"
        }
        return MergeRecord(
            rid: Int64(slot + 1), csn: 500, lives: true, data: batch.arena.copy(data), clocks: batch.arena.copy(clocks),
            hasConflicts: false)
    }
}
