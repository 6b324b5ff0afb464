import NightdropFormats
import NightdropModel

/// The author of a run of operations.
public struct RunAuthor: Sendable, Equatable {
    /// The journal that the operations stand in.
    public var journal: UniqueID
    /// The node that writes it.
    public var node: NodeID
    /// The node's store; nil at head office.
    public var store: NodeID?
    /// Whether this is head office's own journal.
    public var isCentral: Bool

    /// An author.
    public init(journal: UniqueID, node: NodeID, store: NodeID?, isCentral: Bool) {
        self.journal = journal
        self.node = node
        self.store = store
        self.isCentral = isCentral
    }
}

/// The text of one segment, at a fixed address: what the ranges of scanned operations refer to.
public final class SegmentText {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// How many bytes are text.
    public private(set) var count = 0

    /// Empty, with room for so many bytes.
    public init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 8) }

    deinit { memory.deallocate() }

    /// The text.
    public var buffer: Bytes { Bytes(rebasing: UnsafeRawBufferPointer(memory)[..<count]) }

    /// Appends text: `write` gets room of at least so many bytes and returns how many it used. Ranges stay valid,
    /// addresses do not.
    public func append<Failure: Error>(
        room: Int, _ write: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        if memory.count - count < room {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(memory.count * 2, count + room), alignment: 8)
            larger.copyMemory(from: buffer)
            memory.deallocate()
            memory = larger
        }
        count += try write(UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
    }

    /// Forgets the text, keeping the memory.
    public func reset() { count = 0 }
}

/// Operations of one segment that stand one behind the other in a batch.
public struct MergeRun {
    /// Who recorded them.
    public let author: RunAuthor
    /// What their ranges refer to.
    public let text: SegmentText
    /// The segment, an index into a list that the caller keeps.
    public let segment: Int
    /// The operations, as a range of the batch's.
    public internal(set) var operations: Range<Int>
}

/// The operations of one merge transaction, scanned and grouped by record: whole transactions of tills, at most 100,000
/// operations or 32 MiB of text, from one or several segments.
public final class MergeBatch {
    /// The operations, in order.
    public private(set) var operations: ContiguousArray<ScannedOperation> = []
    /// For each operation, its record's slot.
    public private(set) var slotOf: ContiguousArray<Int32> = []
    /// The runs, in order; together they hold all operations.
    public private(set) var runs: [MergeRun] = []
    /// The bytes of all operations' lines.
    public private(set) var textBytes = 0
    /// The entities that occur.
    public private(set) var entities: [EntityRules] = []
    /// The stores that occur; the first, empty, stands for none.
    public private(set) var stores: [String] = [""]
    /// The records that occur.
    public private(set) var index: RecordKeyIndex
    /// The tills' operations that break a rule of the policy, in order.
    public private(set) var faults: ContiguousArray<Int> = []
    /// Memory for what the merge loads or makes.
    public let arena = TextArena()
    /// What a merge has made of the records; memory for those of the next.
    private var records: ContiguousArray<MergeRecord> = []
    /// The policy that decides.
    public let policy: Policy
    private let validator: PolicyValidator?
    private var isArranged = false
    private var entityNames: [[UInt8]] = []
    /// By a few bits of a name, the entity that was last seen with them.
    private var entityGuesses = ContiguousArray<Int32>(repeating: -1, count: 64)
    /// What holds for the present run.
    private var isCentral = false
    private var ownStore: Int32?

    /// An empty batch under a policy; `validator` is the policy's, where there is one already.
    public init(policy: Policy, validator: PolicyValidator? = nil, expecting count: Int = 1024) {
        self.policy = policy
        self.validator = validator
        index = RecordKeyIndex(expecting: count)
        operations.reserveCapacity(count)
        slotOf.reserveCapacity(count)
    }

    /// Whether there is room for so much more, where the batch is to hold `most` operations.
    public func hasRoom(operations count: Int, bytes: Int, of most: Int = Limits.batchOperations) -> Bool {
        operations.isEmpty || (operations.count + count <= most && textBytes + bytes <= Limits.batchTextBytes)
    }

    /// Begins a run; the operations added next belong to it.
    public func begin(_ author: RunAuthor, text: SegmentText, segment: Int) {
        let start = operations.count
        isCentral = author.isCentral
        ownStore = nil
        runs.append(MergeRun(author: author, text: text, segment: segment, operations: start..<start))
    }

    /// Adds an operation, whose ranges refer to the current run's text.
    public func add(_ operation: ScannedOperation) {
        guard let last = runs.indices.last else { return }
        let buffer = runs[last].text.buffer
        let entity = entityIndex(buffer[operation.entity])
        let rules = entities[Int(entity)]
        var store: Int32 = 0
        if rules.isPerStore {
            store =
                operation.store.isPresent && isCentral
                ? storeIndex(JSONString.unescaped(buffer[operation.store])) : storeOfRun(last)
        }
        slotOf.append(Int32(index.slot(entity: entity, store: store, id: buffer[operation.id])))
        // Here, because the thread that merges has more to do.
        if rules.isChecked, !isCentral, !rules.check.allows(operation, in: buffer) { faults.append(operations.count) }
        operations.append(operation)
        textBytes += operation.line.count + 1
        runs[last].operations = runs[last].operations.lowerBound..<operations.count
    }

    /// Numbers the slots by entity, store and id, once all operations are added: the order in which a B-tree is best read
    /// and written. Nothing to do the second time.
    public func arrange() {
        guard !isArranged else { return }
        isArranged = true
        let renumbered = index.arrange(copyingTo: arena)
        for operation in slotOf.indices { slotOf[operation] = renumbered[Int(slotOf[operation])] }
    }

    /// Memory for the records, empty; the records are given back with `keep`.
    public func memoryForRecords() -> ContiguousArray<MergeRecord> {
        defer { records = [] }
        return records
    }

    /// Keeps the records of a merge that is done until `reset`, as letting go of so many takes its time.
    public func keep(_ records: ContiguousArray<MergeRecord>) { self.records = records }

    /// Makes the batch an empty one, keeping its memory: new memory is dear where the system has to find it first. Returns
    /// the texts of its runs.
    public func reset() -> [SegmentText] {
        let texts = runs.map(\.text)
        operations.removeAll(keepingCapacity: true)
        slotOf.removeAll(keepingCapacity: true)
        runs.removeAll(keepingCapacity: true)
        faults.removeAll(keepingCapacity: true)
        records.removeAll(keepingCapacity: true)
        textBytes = 0
        entities = []
        stores = [""]
        entityNames = []
        for guess in entityGuesses.indices { entityGuesses[guess] = -1 }
        (isCentral, ownStore, isArranged) = (false, nil, false)
        index.reset()
        arena.reset()
        return texts
    }

    /// The run that an operation belongs to.
    public func run(of operation: Int) -> Int? {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].operations.upperBound <= operation { low = middle + 1 } else { high = middle }
        }
        return low < runs.count ? low : nil
    }

    /// The slot of a record that no operation names, such as the second of two duplicates.
    public func slot(entity: Int32, store: Int32, id: Bytes) -> Int { index.slot(entity: entity, store: store, id: id) }

    private func entityIndex(_ name: Bytes) -> Int32 {
        let bits = name.isEmpty ? 0 : Int(name[0] ^ name[name.count - 1] &* 7) & 63
        let guess = entityGuesses[bits]
        if guess >= 0, entityNames[Int(guess)].withUnsafeBytes({ $0.equals(name) }) { return guess }
        let found = entity(named: name)
        entityGuesses[bits] = found
        return found
    }

    private func entity(named name: Bytes) -> Int32 {
        for index in entityNames.indices where entityNames[index].withUnsafeBytes({ $0.equals(name) }) {
            return Int32(index)
        }
        entityNames.append(Array(name))
        let entity = policy.entity(name.text)
        entities.append(EntityRules(entity, check: validator?.check(entity)))
        return Int32(entities.count - 1)
    }

    /// The store of a run's author; looked up once, and only where a record belongs to a store.
    private func storeOfRun(_ run: Int) -> Int32 {
        if let ownStore { return ownStore }
        let store = runs[run].author.store.map { storeIndex($0.text) } ?? 0
        ownStore = store
        return store
    }

    private func storeIndex(_ name: String) -> Int32 {
        if let index = stores.firstIndex(of: name) { return Int32(index) }
        stores.append(name)
        return Int32(stores.count - 1)
    }
}
