import NightdropFormats

/// What a record is known by within a batch: the batch's numbers for entity and store, and the id as written.
public struct RecordSlot {
    /// The entity, an index into the batch's entities.
    public var entity: Int32
    /// The store, an index into the batch's stores; 0 for an entity that is not per store.
    public var store: Int32
    /// The id, as it stands between the quotes.
    public var id: Bytes
    /// Whether it is written as it is, without escapes.
    public let isPlain: Bool

    /// A slot.
    init(entity: Int32, store: Int32, id: Bytes) {
        self.entity = entity
        self.store = store
        self.id = id
        isPlain = !id.contains(UInt8(ascii: "\\"))
    }
}

/// Finds the slot of a record key: a hash table with open addressing over bytes.
public struct RecordKeyIndex {
    /// The slots, in the order in which they were first seen, or that of `arrange`.
    public private(set) var slots: ContiguousArray<RecordSlot> = []
    /// For each place, the upper half of the key's hash and the slot, so that most other keys are told apart by the former.
    private var table: ContiguousArray<Place>
    private var mask: Int
    /// Where the ids are kept, side by side: those of the next keys are compared with them.
    private let arena: TextArena
    /// Memory for `arrange`, empty otherwise.
    private var keys: ContiguousArray<SortKey> = []
    private var arranged: ContiguousArray<RecordSlot> = []
    private var numbers: ContiguousArray<Int32> = []

    private struct Place {
        var tag: UInt32
        var slot: Int32
    }

    /// An empty index, with room for the keys that are expected. The ids are kept in the arena.
    public init(expecting count: Int, in arena: TextArena) {
        self.arena = arena
        var size = 64
        while size < count * 2 { size *= 2 }
        table = ContiguousArray(repeating: Place(tag: 0, slot: -1), count: size)
        mask = size - 1
        slots.reserveCapacity(count)
    }

    /// Forgets all slots, keeping the memory.
    mutating func reset() {
        slots.removeAll(keepingCapacity: true)
        for place in table.indices { table[place] = Place(tag: 0, slot: -1) }
    }

    /// The slot of a key, which is made if it is new.
    mutating func slot(entity: Int32, store: Int32, id: Bytes) -> Int {
        slot(entity: entity, store: store, id: id, hash: RecordKeyIndex.hash(entity, store, id))
    }

    /// The same where the hash is known.
    mutating func slot(entity: Int32, store: Int32, id: Bytes, hash: UInt64) -> Int {
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        var place = Int(truncatingIfNeeded: hash) & mask
        while table[place].slot >= 0 {
            if table[place].tag == tag {
                let index = Int(table[place].slot)
                let slot = slots[index]
                if slot.entity == entity, slot.store == store, slot.id.equals(id) { return index }
            }
            place = (place + 1) & mask
        }
        slots.append(RecordSlot(entity: entity, store: store, id: arena.copy(id)))
        table[place] = Place(tag: tag, slot: Int32(slots.count - 1))
        if slots.count * 2 > table.count { grow() }
        return slots.count - 1
    }

    /// Numbers the slots by entity, store and id, and gives those that are named the new numbers.
    ///
    /// The ids are copied once more, to stand side by side in that order: whoever goes through the slots then reads memory
    /// from front to back.
    mutating func arrange(_ named: inout ContiguousArray<Int32>) {
        sort()
        arranged.reserveCapacity(slots.count)
        numbers.append(contentsOf: repeatElement(0, count: slots.count))
        for key in keys {
            numbers[Int(key.slot)] = Int32(arranged.count)
            var slot = slots[Int(key.slot)]
            slot.id = arena.copy(slot.id)
            arranged.append(slot)
        }
        swap(&slots, &arranged)
        for place in table.indices where table[place].slot >= 0 {
            table[place].slot = numbers[Int(table[place].slot)]
        }
        for place in named.indices { named[place] = numbers[Int(named[place])] }
        keys.removeAll(keepingCapacity: true)
        arranged.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
    }

    /// What a slot is sorted by: entity and store, then the first 16 bytes of the id as numbers. Most ids are no longer.
    private struct SortKey {
        let group: UInt64
        let first: UInt64
        let second: UInt64
        let slot: Int32
    }

    private mutating func sort() {
        keys.reserveCapacity(slots.count)
        for (index, slot) in slots.enumerated() {
            let group = UInt64(UInt32(bitPattern: slot.entity)) << 32 | UInt64(UInt32(bitPattern: slot.store))
            keys.append(
                SortKey(
                    group: group, first: RecordKeyIndex.bytes(slot.id, from: 0),
                    second: RecordKeyIndex.bytes(slot.id, from: 8), slot: Int32(index)))
        }
        slots.withUnsafeBufferPointer { slots in
            keys.sort { a, b in
                if a.group != b.group { return a.group < b.group }
                if a.first != b.first { return a.first < b.first }
                if a.second != b.second { return a.second < b.second }
                return slots[Int(a.slot)].id.precedes(slots[Int(b.slot)].id)
            }
        }
    }

    /// Eight bytes as a number that is ordered like them; those behind the end count as zeros.
    private static func bytes(_ id: Bytes, from start: Int) -> UInt64 {
        if start + 8 <= id.count {
            return UInt64(bigEndian: id.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
        var number: UInt64 = 0
        for index in start..<(start + 8) { number = number << 8 | (index < id.count ? UInt64(id[index]) : 0) }
        return number
    }

    private mutating func grow() {
        let old = table
        table = ContiguousArray(repeating: Place(tag: 0, slot: -1), count: old.count * 2)
        mask = table.count - 1
        for entry in old where entry.slot >= 0 {
            let slot = slots[Int(entry.slot)]
            var place = Int(truncatingIfNeeded: RecordKeyIndex.hash(slot.entity, slot.store, slot.id)) & mask
            while table[place].slot >= 0 { place = (place + 1) & mask }
            table[place] = entry
        }
    }

    /// Multiplies and folds eight bytes at a time; seeded with entity and store.
    static func hash(_ entity: Int32, _ store: Int32, _ id: Bytes) -> UInt64 {
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
        return fold(state ^ rest)
    }

    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        return product.high ^ product.low
    }
}
