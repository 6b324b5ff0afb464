import NightdropFormats
import NightdropModel

/// The operations of a batch, each with the slot of its record.
///
/// Apart from the batch, and a value, because many operations are added at a time: a look at an object's property is
/// checked each time, the batch is looked at once for all of them.
struct OperationGroups {
    private(set) var operations: ContiguousArray<ScannedOperation> = []
    private(set) var slotOf: ContiguousArray<Int32> = []
    private(set) var entityOf: ContiguousArray<Int32> = []
    private(set) var textBytes = 0
    private(set) var entities: [EntityRules] = []
    private(set) var stores: [String] = [""]
    var index: RecordKeyIndex
    private(set) var faults: ContiguousArray<Int> = []
    let policy: Policy
    private let validator: PolicyValidator?
    private let arena: TextArena
    private var entityNames: [Bytes] = []
    /// By a few bits of a name, the entity that was last seen with them.
    private var entityGuesses = ContiguousArray<Int32>(repeating: -1, count: 64)
    /// The present run's author, and the store of it, which is looked up only where a record belongs to a store.
    private var author: RunAuthor?
    private var ownStore: Int32?
    /// For the operations that are being added, the store of the record, and the hash of its key.
    private var keys: ContiguousArray<(store: Int32, hash: UInt64)> = []

    init(_ policy: Policy, _ validator: PolicyValidator?, expecting count: Int, in arena: TextArena) {
        self.policy = policy
        self.validator = validator
        self.arena = arena
        index = RecordKeyIndex(expecting: count, in: arena)
        operations.reserveCapacity(count)
        slotOf.reserveCapacity(count)
        entityOf.reserveCapacity(count)
    }

    /// See `MergeBatch.room`.
    func room(for added: UnsafeBufferPointer<ScannedOperation>, atMost most: Int) -> Int {
        var bytes = textBytes
        for place in added.indices {
            let line = added[place].line.count
            if added[place].transactionFirst == 0 || added[place].transactionFirst == added[place].seq {
                let count = Int(added[place].transactionCount)
                let held = operations.count + place
                let fits = held + count <= Limits.batchOperations && bytes + line * count <= Limits.batchTextBytes
                guard place < most, held == 0 || fits else { return place }
            }
            bytes += line + 1
        }
        return added.count
    }

    /// The operations added next are this author's.
    mutating func begin(_ author: RunAuthor) {
        self.author = author
        ownStore = nil
    }

    /// Adds operations, whose ranges refer to a text.
    mutating func add(_ added: ArraySlice<ScannedOperation>, in text: Bytes) {
        let isCentral = author?.isCentral ?? false
        keys.removeAll(keepingCapacity: true)
        added.withUnsafeBufferPointer { added in
            for place in added.indices {
                let entity = entity(text[added[place].entity])
                let rules = entities[Int(entity)]
                let store = rules.isPerStore ? store(text, added[place].store, isCentral) : 0
                entityOf.append(entity)
                keys.append((store, RecordKeyIndex.hash(entity, store, text[added[place].id])))
                // Here, because the thread that merges has more to do.
                if rules.isChecked, !isCentral, !rules.check.allows(added[place], in: text) {
                    faults.append(operations.count + place)
                }
                textBytes += added[place].line.count + 1
            }
            // Apart, so that the processor can look for several places of the index at a time.
            for place in added.indices {
                let (entity, (store, hash)) = (entityOf[operations.count + place], keys[place])
                let slot = index.slot(entity: entity, store: store, id: text[added[place].id], hash: hash)
                slotOf.append(Int32(slot))
            }
        }
        operations.append(contentsOf: added)
    }

    /// Numbers the slots by entity, store and id.
    mutating func arrange() { index.arrange(&slotOf) }

    /// Forgets everything, keeping the memory.
    mutating func reset() {
        operations.removeAll(keepingCapacity: true)
        slotOf.removeAll(keepingCapacity: true)
        entityOf.removeAll(keepingCapacity: true)
        faults.removeAll(keepingCapacity: true)
        textBytes = 0
        entities = []
        stores = [""]
        entityNames = []
        for guess in entityGuesses.indices { entityGuesses[guess] = -1 }
        (author, ownStore) = (nil, nil)
        index.reset()
    }

    private mutating func entity(_ name: Bytes) -> Int32 {
        let bits = name.isEmpty ? 0 : Int(name[0] ^ name[name.count - 1] &* 7) & 63
        let guess = entityGuesses[bits]
        if guess >= 0, entityNames[Int(guess)].equals(name) { return guess }
        let found = entity(named: name)
        entityGuesses[bits] = found
        return found
    }

    private mutating func entity(named name: Bytes) -> Int32 {
        for index in entityNames.indices where entityNames[index].equals(name) { return Int32(index) }
        entityNames.append(arena.copy(name))
        let entity = policy.entity(name.text)
        entities.append(EntityRules(entity, check: validator?.check(entity)))
        return Int32(entities.count - 1)
    }

    /// The store that a record belongs to: head office names it, a till's is its own.
    private mutating func store(_ text: Bytes, _ name: ByteRange, _ isCentral: Bool) -> Int32 {
        if isCentral, name.isPresent { return store(named: JSONString.unescaped(text[name])) }
        if let ownStore { return ownStore }
        let own = author?.store.map { store(named: $0.text) } ?? 0
        ownStore = own
        return own
    }

    private mutating func store(named name: String) -> Int32 {
        if let index = stores.firstIndex(of: name) { return Int32(index) }
        stores.append(name)
        return Int32(stores.count - 1)
    }
}
