import NightdropFormats
import NightdropModel

/// Finds, before a merge, a free id for each create that may turn out to be a duplicate: `id~T07`, `id~T07~2`, …
public enum DuplicateSlots {
    /// Adds slots for the ids to the batch, calling `load` for each, which appends the record to `records`.
    ///
    /// Also adds the slots that the context's aliases lead to.
    public static func prepare(
        _ batch: MergeBatch, _ context: MergeContext, _ records: inout ContiguousArray<MergeRecord>,
        load: (RecordSlot) throws -> MergeRecord
    ) rethrows -> [Int: Int32] {
        var spare: [Int: Int32] = [:]
        // By slot: ids that were given away here, and ids that an operation of this batch makes.
        var taken: Set<Int32> = []
        var created = ContiguousArray<Bool>(repeating: false, count: batch.index.slots.count)
        func slot(_ key: RecordSlot, _ id: [UInt8]) throws -> Int {
            let count = batch.index.slots.count
            let slot = batch.slot(entity: key.entity, store: key.store, id: batch.arena.copy(id))
            if slot == count {
                records.append(try load(batch.index.slots[slot]))
                created.append(false)
            }
            return slot
        }
        for alias in context.aliases {
            guard let entity = batch.entities.firstIndex(where: { $0.policy.name == alias.entity }),
                let store = batch.stores.firstIndex(of: alias.store)
            else { continue }
            _ = try slot(RecordSlot(entity: Int32(entity), store: Int32(store), id: .none), alias.target)
        }
        for (runIndex, run) in batch.runs.enumerated() {
            guard let node = context.authors[context.runCodes[runIndex]]?.node else { continue }
            for index in run.operations {
                let own = Int(batch.slotOf[index])
                let rules = batch.entities[Int(batch.index.slots[own].entity)]
                guard batch.operations[index].action == .create else {
                    // A fact is made by whatever comes first.
                    if rules.isFact && !records[own].exists { created[own] = true }
                    continue
                }
                guard rules.keepsBoth else { continue }
                let isFirst = !created[own] && !records[own].exists && (taken.isEmpty || !taken.contains(Int32(own)))
                created[own] = true
                guard !isFirst else { continue }
                let key = batch.index.slots[own]
                var number = 1
                while true {
                    let suffix = number == 1 ? "~\(node)" : "~\(node)~\(number)"
                    let candidate = try slot(key, Array(key.id) + Array(suffix.utf8))
                    number += 1
                    if !records[candidate].exists && !created[candidate] && taken.insert(Int32(candidate)).inserted {
                        spare[index] = Int32(candidate)
                        break
                    }
                }
            }
        }
        return spare
    }
}
