import Foundation
import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore
import NightdropStoreSQLite
import Testing

/// A head office for tests of the merge: the real store in a directory of its own, and tills that are just journals.
final class MergeDesk {
    let store: CentralDatabase
    let policy: Policy
    let directory: URL
    var now: Int64 = 1_790_000_000_000
    /// What programs answer.
    var hook: (HookQuestion) -> HookAnswer = { _ in .failed("there is none") }
    /// One for all merges, used again as a merge of many bundles does.
    private let batch: MergeBatch
    private var journals: [String: UniqueID] = [:]
    private var numbers: [String: Int64] = [:]
    private var segments: [String: Int64] = [:]

    init(_ yaml: String) throws {
        policy = try PolicyFile.parse("version: 1\norganisation: Test\nentities:\n" + yaml, file: "policy.yaml")
        batch = MergeBatch(policy: policy)
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("nightdrop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        store = try CentralDatabase(path: directory.appendingPathComponent("store.sqlite").path)
        let policy = policy
        try store.write { writer in
            try writer.set("epoch", UniqueID.random().text)
            _ = try writer.endMergeTransaction(at: 0)
            try writer.use(policy)
        }
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// The present cursor's CSN, as a till would have it after a return bundle.
    var csn: Int64 { get throws { try store.read { try $0.cursor().csn } } }

    /// Merges operations of a node, in one transaction. `HQ` is head office.
    @discardableResult
    func merge(_ node: String, _ drafts: [OperationDraft], at offset: Int64 = 0) throws -> Int64 {
        try merge([(node, drafts.map { ($0, offset) })])
    }

    /// Merges runs of several nodes, each operation with its time, in one transaction. Returns the number of conflicts.
    @discardableResult
    func merge(_ runs: [(node: String, drafts: [(OperationDraft, Int64)])]) throws -> Int64 {
        _ = batch.reset()
        for (index, run) in runs.enumerated() {
            let text = SegmentText(capacity: 1024)
            var lines: [UInt8] = []
            var starts: [Range<Int>] = []
            for (draft, offset) in run.drafts {
                numbers[run.node, default: 0] += 1
                let start = lines.count
                OperationWriter.append(
                    NumberedOperation(
                        seq: numbers[run.node] ?? 0, time: HybridTime(milliseconds: now + offset), draft: draft),
                    to: &lines)
                starts.append(start..<(lines.count - 1))
            }
            text.append(room: lines.count) { room in
                room.copyBytes(from: lines)
                return lines.count
            }
            batch.begin(try author(run.node), text: text, segment: index)
            for range in starts { batch.add(try OperationScanner.scan(text.buffer, range)) }
        }
        return try store.write { writer in
            var codes: [Int32] = []
            var ids: [Int64] = []
            for run in runs {
                let row = try writer.journal(try self.author(run.node), follows: nil)
                self.segments[run.node, default: 0] += 1
                codes.append(row.code)
                ids.append(
                    try writer.add(
                        SegmentRow(
                            id: 0, journal: row.code, number: self.segments[run.node] ?? 0, first: 1, last: 1,
                            hash: .none,
                            file: "x", offset: 0, length: 0, bundle: nil)))
            }
            let result = try writer.merge(
                batch, segments: ids, codes: codes, now: self.now, observer: nil, asking: self.hook)
            _ = try writer.endMergeTransaction(at: self.now)
            return result.conflicts.reduce(0, +)
        }
    }

    /// The fields of a record as one JSON object, `dead` in front of a tombstone's, nil where there is no record.
    func show(_ entity: String, _ id: String, store name: String = "") throws -> String? {
        try store.read { reader in
            guard let row = try reader.record(entity: entity, store: name, id: id) else { return nil }
            let fields = JSONValue.object(
                row.fields.map { .init($0.name, (try? JSONValue.parse($0.value.json)) ?? .null) }.sorted {
                    $0.name < $1.name
                })
            return (row.lives ? "" : "dead ") + fields.compact
        }
    }

    /// All records of an entity, dead ones included, sorted by their content and without their ids' suffixes.
    func contents(_ entity: String, ids: [String]) throws -> [String] {
        try ids.compactMap { id in try show(entity, id).map { "\(id) \($0)" } }.sorted()
    }

    /// The conflicts as `kind state field central incoming decided`.
    func conflicts() throws -> [String] {
        var lines: [String] = []
        try store.read { reader in
            try reader.conflicts(all: true) { row in
                lines.append(
                    [
                        row.kind, row.state, row.field ?? "-", row.central ?? "-", row.incoming ?? "-",
                        row.decided ?? "-",
                    ]
                    .joined(separator: " "))
            }
        }
        return lines
    }

    /// The conflicts as `kind state field central incoming decided rule`, with the reason behind the rule.
    func rules() throws -> [String] {
        var lines: [String] = []
        try store.read { reader in
            try reader.conflicts(all: true) { row in
                let rule = row.rule + (row.reason.map { ": " + $0 } ?? "")
                lines.append(
                    [
                        row.kind, row.state, row.field ?? "-", row.central ?? "-", row.incoming ?? "-",
                        row.decided ?? "-", rule,
                    ]
                    .joined(separator: " "))
            }
        }
        return lines
    }

    func notices(_ node: String) throws -> [String] {
        guard let id = NodeID(node) else { return [] }
        return try store.read { try $0.notices(for: id, after: 0).map(\.text) }
    }

    private func author(_ node: String) throws -> RunAuthor {
        let journal = journals[node] ?? UniqueID.random()
        journals[node] = journal
        return RunAuthor(
            journal: journal, node: try #require(NodeID(node)), store: NodeID("S1"), isCentral: node == "HQ")
    }
}

/// Short spellings of operations.
func create(_ entity: String, _ id: String, _ set: [(String, String)], add: [(String, String)] = [], base: Int64? = nil)
    -> OperationDraft
{
    OperationDraft(.create, entity, id: id, set: fields(set), add: fields(add), base: base)
}

func update(
    _ entity: String, _ id: String, _ set: [(String, String)] = [], was: [(String, String)] = [],
    add: [(String, String)] = [], base: Int64? = nil, key: String? = nil, by: String? = nil
) -> OperationDraft {
    OperationDraft(
        .update, entity, id: id, set: fields(set), add: fields(add), was: fields(was), base: base, key: key, by: by)
}

func delete(_ entity: String, _ id: String, base: Int64? = nil) -> OperationDraft {
    OperationDraft(.delete, entity, id: id, base: base)
}

private func fields(_ pairs: [(String, String)]) -> [Field] {
    pairs.map { Field($0.0, FieldValue(checkedJSON: $0.1)) }
}
