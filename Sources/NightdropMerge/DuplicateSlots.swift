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
        // Ids that were given away here, by slot.
        var taken: Set<Int32> = []
        // Whether there is such a record, or an operation of this batch makes it, by slot.
        var isThere = ContiguousArray<Bool>()
        isThere.reserveCapacity(records.count)
        for slot in records.indices { isThere.append(records[slot].exists) }
        func slot(_ key: RecordSlot, _ id: [UInt8]) throws -> Int {
            let count = batch.index.slots.count
            let slot = id.withUnsafeBytes { batch.slot(entity: key.entity, store: key.store, id: $0) }
            if slot == count {
                records.append(try load(batch.index.slots[slot]))
                isThere.append(records[slot].exists)
            }
            return slot
        }
        for alias in context.aliases {
            guard let entity = batch.entities.firstIndex(where: { $0.policy.name == alias.entity }),
                let store = batch.stores.firstIndex(of: alias.store)
            else { continue }
            _ = try slot(RecordSlot(entity: Int32(entity), store: Int32(store), id: .none), alias.target)
        }
        let (operations, slotOf, entityOf) = (batch.operations, batch.slotOf, batch.entityOf)
        let rules = batch.entities.map { (isFact: $0.isFact, keepsBoth: $0.keepsBoth) }
        for (runIndex, run) in batch.runs.enumerated() {
            guard let node = context.authors[context.runCodes[runIndex]]?.node else { continue }
            for index in run.operations {
                let own = Int(slotOf[index])
                let rules = rules[Int(entityOf[index])]
                guard operations[index].action == .create else {
                    // A fact is made by whatever comes first.
                    if rules.isFact { isThere[own] = true }
                    continue
                }
                guard rules.keepsBoth else { continue }
                let isFirst = !isThere[own] && (taken.isEmpty || !taken.contains(Int32(own)))
                isThere[own] = true
                guard !isFirst else { continue }
                let key = batch.index.slots[own]
                var number = 1
                while true {
                    let suffix = number == 1 ? "~\(node)" : "~\(node)~\(number)"
                    let candidate = try slot(key, Array(key.id) + Array(suffix.utf8))
                    number += 1
                    if !isThere[candidate] && taken.insert(Int32(candidate)).inserted {
                        spare[index] = Int32(candidate)
                        break
                    }
                }
            }
        }
        return spare
    }
}
