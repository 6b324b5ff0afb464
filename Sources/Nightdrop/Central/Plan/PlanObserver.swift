import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

/// Looks on while bundles are merged: counts by entity, follows the sums of counters, and hashes everything that is
/// decided. Times and random ids stay out of the hash, so that the same merge gives the same one.
final class PlanObserver: MergeObserver {
    /// What became of operations, by entity.
    private(set) var entities: [String: MergePlan.Counts] = [:]
    /// How much the sums of counters change, by entity and field.
    private(set) var counters: [String: [String: ExactDecimal]] = [:]
    /// The stored conflicts that are settled.
    private(set) var settled: [Int64] = []
    private var hasher = ContentHasher()
    private var existed: [Bool] = []
    private var lived: [Bool] = []

    /// The hash of everything decided so far.
    var outcome: ContentHash { hasher.finish() }

    func willMerge(_ merger: BatchMerger) {
        existed = merger.records.map(\.exists)
        lived = merger.records.map(\.lives)
    }

    func didMerge(_ merger: BatchMerger) {
        count(merger)
        for slot in merger.records.indices where merger.records[slot].isChanged {
            follow(slot, merger)
            hash(slot, merger)
        }
        for conflict in merger.conflicts { hash(conflict, merger) }
        for closure in merger.closures {
            settled.append(closure.number)
            hash(["closure", "\(closure.number)"], [closure.decided])
        }
        for alias in merger.aliases {
            hash(
                ["alias", "\(alias.journal)", alias.entity, alias.store, String(decoding: alias.id, as: UTF8.self)],
                [alias.target.withUnsafeBytes { merger.batch.arena.copy($0) }])
        }
    }

    private func count(_ merger: BatchMerger) {
        let conflicting = Set(merger.conflicts.map(\.operation))
        var counts = [MergePlan.Counts](repeating: .init(), count: merger.batch.entities.count)
        for index in merger.batch.operations.indices {
            let entity = Int(merger.batch.index.slots[Int(merger.batch.slotOf[index])].entity)
            let target = Int(merger.targets[index])
            if conflicting.contains(index) {
                counts[entity].conflicting += 1
            } else if target >= 0, !existed[target], merger.batch.operations[index].action == .create {
                existed[target] = true
                counts[entity].new += 1
            } else if target >= 0, merger.records[target].isChanged {
                counts[entity].fastForward += 1
            } else {
                counts[entity].known += 1
            }
        }
        for (rules, count) in zip(merger.batch.entities, counts) {
            entities[rules.policy.name, default: .init()].add(count)
        }
    }

    private func follow(_ slot: Int, _ merger: BatchMerger) {
        let rules = rules(slot, merger)
        guard rules.hasCounters else { return }
        let record = merger.records[slot]
        for field in rules.fields where field.rule == .counter {
            let (before, after) = field.name.withUnsafeBytes { name in
                (
                    lived[slot]
                        ? number(FieldCursor.value(name, in: record.data, whole(record.data)), record.data) : .zero,
                    record.lives ? present(name, record) : .zero
                )
            }
            let name = field.name.withUnsafeBytes { JSONString.unescaped($0) }
            let sum = counters[rules.policy.name]?[name] ?? .zero
            let changed = after.subtracting(before).flatMap { sum.adding($0) } ?? sum
            counters[rules.policy.name, default: [:]][name] = changed
        }
    }

    private func present(_ name: Bytes, _ record: MergeRecord) -> ExactDecimal {
        guard record.isExpanded else {
            return number(FieldCursor.value(name, in: record.data, whole(record.data)), record.data)
        }
        return record.field(name).flatMap { ExactDecimal(json: record.fields[$0].value) } ?? .zero
    }

    private func number(_ range: ByteRange, _ data: Bytes) -> ExactDecimal {
        range.isPresent ? ExactDecimal(json: data[range]) ?? .zero : .zero
    }

    private func whole(_ data: Bytes) -> ByteRange { ByteRange(0, data.count) }

    private func rules(_ slot: Int, _ merger: BatchMerger) -> EntityRules {
        merger.batch.entities[Int(merger.batch.index.slots[slot].entity)]
    }

    private func hash(_ slot: Int, _ merger: BatchMerger) {
        let key = merger.batch.index.slots[slot]
        let record = merger.records[slot]
        var data: [UInt8] = []
        record.appendData(to: &data)
        data.withUnsafeBytes { data in
            hash(
                [
                    "record", rules(slot, merger).policy.name, merger.batch.stores[Int(key.store)],
                    record.lives ? "lives" : "dead",
                ], [key.id, data])
        }
    }

    private func hash(_ conflict: MergeConflict, _ merger: BatchMerger) {
        let slot = Int(conflict.slot >= 0 ? conflict.slot : merger.batch.slotOf[conflict.operation])
        let operation = merger.batch.operations[conflict.operation]
        let author = merger.batch.run(of: conflict.operation).map { merger.batch.runs[$0].author.journal.text }
        hash(
            [
                "conflict", conflict.kind.rawValue, conflict.state.rawValue, "\(conflict.number)", conflict.rule,
                rules(slot, merger).policy.name, author ?? "", "\(operation.seq)",
            ],
            [
                merger.batch.index.slots[slot].id, conflict.field, conflict.base, conflict.central, conflict.incoming,
                conflict.decided,
            ])
    }

    /// Each part with its length in front, so that no two lists of parts look alike.
    private func hash(_ words: [String], _ parts: [Bytes]) {
        for word in words { hasher.update("\(word.utf8.count):\(word)") }
        for part in parts {
            hasher.update("\(part.count):")
            hasher.update(part)
        }
    }
}
