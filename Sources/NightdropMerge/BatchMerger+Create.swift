import NightdropFormats
import NightdropModel

extension BatchMerger {
    /// What a create means.
    enum Meaning {
        /// A new record.
        case new
        /// The same again: nothing happens.
        case again
        /// A second record beside the first.
        case second
        /// A change of the record that is there.
        case change
    }

    /// Finds out what is meant by the create of an id.
    mutating func meaning(of current: Current) -> Meaning {
        guard records[current.slot].exists else { return .new }
        guard current.rules.keepsBoth else { return .change }
        let isOwn = isOwn(current)
        let lives = records[current.slot].lives
        if isOwn && lives && isRepeat(current) { return .again }
        // Another's record stays what it was, deleted or not: whether a delete came before or after must not matter. A fact of
        // one's own that means something else is a second fact; master data that its author has seen is written again.
        return !isOwn || (lives && current.rules.isFact) ? .second : .change
    }

    /// Makes a record, or what else was meant. False for a repeat, which changes nothing.
    mutating func create(_ current: Current) -> Bool {
        switch meaning(of: current) {
        case .new: make(current, in: current.slot)
        case .again: return false
        case .second: keepBoth(current)
        case .change:
            setFields(current, kind: .createCreate)
            if !current.isRefusedWhole { live(current) }
        }
        return true
    }

    /// A new record holds what its create says: its fields as they stand, counters from 0.
    mutating func make(_ current: Current, in slot: Int) {
        let operation = current.operation
        records[slot].exists = true
        records[slot].lives = true
        records[slot].csn = current.csn
        records[slot].clock = current.clock
        records[slot].lifeClock = current.clock
        records[slot].isChanged = true
        if operation.set.isPresent { records[slot].data = current.text[operation.set] }
        guard operation.add.isPresent || current.special != nil else { return }
        records[slot].expand()
        var made = current
        made.slot = slot
        leaveOut(made)
        increment(made)
    }

    /// Takes the fields that are not applied out of a new record.
    private mutating func leaveOut(_ current: Current) {
        for refusal in current.special?.refusals ?? [] {
            guard let index = records[current.slot].field(refusal.field) else { continue }
            let value = records[current.slot].fields.remove(at: index).value
            refuse(refusal, value, current)
        }
    }

    /// Whether the record's create is one that the author knows: its own, or one that it had seen.
    private mutating func isOwn(_ current: Current) -> Bool {
        records[current.slot].expand()
        return !current.isConcurrent(with: records[current.slot].clock)
    }

    private func isRepeat(_ current: Current) -> Bool {
        let record = records[current.slot]
        guard record.fields.count == Int(current.operation.setCount) else { return false }
        var cursor = FieldCursor(current.text, current.operation.set)
        while let member = cursor.next() {
            guard let index = record.field(current.text[member.name]),
                Values.areEqual(record.fields[index].value, current.text[member.value])
            else { return false }
        }
        return !current.operation.add.isPresent
    }

    /// Both records stay: the second gets the next free id with the till's name behind it.
    private mutating func keepBoth(_ current: Current) {
        guard let spare = spareSlots[current.index] else {
            return hold(current, .duplicate, "no free id was prepared")
        }
        // The name that the till uses, which may have led to an earlier second record already.
        let key = batch.index.slots[Int(batch.slotOf[current.index])]
        let target = batch.index.slots[Int(spare)].id
        let first = records[current.slot]
        make(current, in: Int(spare))
        targets[current.index] = spare
        remember(
            alias: RecordAlias(
                journal: current.author.code, entity: current.rules.policy.name, store: batch.stores[Int(key.store)],
                id: Array(key.id), target: Array(target), csn: current.csn))
        conflicts.append(
            MergeConflict(
                kind: .duplicate, state: .decided, operation: current.index, slot: Int32(current.slot), field: .none,
                base: .none, central: serialized(first), centralClock: first.clock,
                incoming: serialized(records[Int(spare)]), rule: DuplicateRule.keepBoth.rawValue,
                decided: batch.arena.copy(JSONString.quoted(JSONString.unescaped(target))), number: 0))
    }

    private func serialized(_ record: MergeRecord) -> Bytes {
        var data: [UInt8] = []
        record.appendData(to: &data)
        return batch.arena.copy(data)
    }
}
