import NightdropFormats

/// What a record is known by within a batch: the batch's numbers for entity and store, and the id as written.
public struct RecordSlot {
    /// The entity, an index into the batch's entities.
    public var entity: Int32
    /// The store, an index into the batch's stores; 0 for an entity that is not per store.
    public var store: Int32
    /// The id, as it stands between the quotes.
    public var id: Bytes
}

/// Finds the slot of a record key: a hash table with open addressing over bytes.
public struct RecordKeyIndex {
    /// The slots, in the order in which they were first seen, or that of `arrange`.
    public private(set) var slots: ContiguousArray<RecordSlot> = []
    private var table: ContiguousArray<Int32>
    private var mask: Int

    /// An empty index, with room for the keys that are expected.
    public init(expecting count: Int) {
        var size = 64
        while size < count * 2 { size *= 2 }
        table = ContiguousArray(repeating: -1, count: size)
        mask = size - 1
    }

    /// The slot of a key, which is made if it is new.
    public mutating func slot(entity: Int32, store: Int32, id: Bytes) -> Int {
        var place = RecordKeyIndex.hash(entity, store, id) & mask
        while table[place] >= 0 {
            let index = Int(table[place])
            if slots[index].entity == entity, slots[index].store == store, slots[index].id.equals(id) { return index }
            place = (place + 1) & mask
        }
        slots.append(RecordSlot(entity: entity, store: store, id: id))
        table[place] = Int32(slots.count - 1)
        if slots.count * 2 > table.count { grow() }
        return slots.count - 1
    }

    /// Numbers the slots by entity, store and id, and returns the new number of each old one.
    ///
    /// The ids are copied to stand side by side in that order: whoever goes through the slots then reads memory from front
    /// to back.
    mutating func arrange(copyingTo arena: TextArena) -> ContiguousArray<Int32> {
        var renumbered = ContiguousArray<Int32>(repeating: 0, count: slots.count)
        var arranged: ContiguousArray<RecordSlot> = []
        arranged.reserveCapacity(slots.count)
        for old in sorted() {
            renumbered[Int(old)] = Int32(arranged.count)
            var slot = slots[Int(old)]
            slot.id = arena.copy(slot.id)
            arranged.append(slot)
        }
        slots = arranged
        for place in table.indices where table[place] >= 0 { table[place] = renumbered[Int(table[place])] }
        return renumbered
    }

    private func sorted() -> [Int32] {
        (0..<Int32(slots.count)).sorted { left, right in
            let (a, b) = (slots[Int(left)], slots[Int(right)])
            if a.entity != b.entity { return a.entity < b.entity }
            if a.store != b.store { return a.store < b.store }
            return a.id.precedes(b.id)
        }
    }

    private mutating func grow() {
        table = ContiguousArray(repeating: -1, count: table.count * 2)
        mask = table.count - 1
        for (index, slot) in slots.enumerated() {
            var place = RecordKeyIndex.hash(slot.entity, slot.store, slot.id) & mask
            while table[place] >= 0 { place = (place + 1) & mask }
            table[place] = Int32(index)
        }
    }

    /// Multiplies and folds eight bytes at a time; seeded with entity and store.
    private static func hash(_ entity: Int32, _ store: Int32, _ id: Bytes) -> Int {
        var state = UInt64(UInt32(bitPattern: entity)) << 32 | UInt64(UInt32(bitPattern: store))
        state = (state ^ 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
        var offset = 0
        while offset + 8 <= id.count {
            state = fold(state ^ id.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = UInt64(id.count)
        while offset < id.count {
            rest = rest << 8 | UInt64(id[offset])
            offset += 1
        }
        return Int(truncatingIfNeeded: fold(state ^ rest) >> 1)
    }

    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        return product.high ^ product.low
    }
}
