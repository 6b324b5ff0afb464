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

    /// How much text there is room for without more memory.
    public var capacity: Int { memory.count }

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
    /// The runs, in order; together they hold all operations.
    public private(set) var runs: [MergeRun] = []
    private var groups: OperationGroups
    /// Memory for what the merge loads or makes.
    public let arena: TextArena
    /// What a merge has made of the records; memory for those of the next.
    private var records: ContiguousArray<MergeRecord> = []
    private var isArranged = false

    /// An empty batch under a policy; `validator` is the policy's, where there is one already.
    public init(policy: Policy, validator: PolicyValidator? = nil, expecting count: Int = 1024) {
        arena = TextArena()
        groups = OperationGroups(policy, validator, expecting: count, in: arena)
    }

    /// The operations, in order.
    public var operations: ContiguousArray<ScannedOperation> { groups.operations }
    /// How many operations there are.
    public var count: Int { groups.operations.count }
    /// For each operation, its record's slot.
    public var slotOf: ContiguousArray<Int32> { groups.slotOf }
    /// For each operation, its record's entity.
    public var entityOf: ContiguousArray<Int32> { groups.entityOf }
    /// The bytes of all operations' lines.
    public var textBytes: Int { groups.textBytes }
    /// The entities that occur.
    public var entities: [EntityRules] { groups.entities }
    /// The stores that occur; the first, empty, stands for none.
    public var stores: [String] { groups.stores }
    /// The records that occur.
    public var index: RecordKeyIndex { groups.index }
    /// The tills' operations that break a rule of the policy, in order.
    public var faults: ContiguousArray<Int> { groups.faults }
    /// The policy that decides.
    public var policy: Policy { groups.policy }

    /// How many of some operations of a run may be added: whole transactions that there is room for, and none that begins
    /// behind the first `most`. A transaction that finds the batch empty always has room.
    public func room(for operations: ArraySlice<ScannedOperation>, atMost most: Int) -> Int {
        operations.withUnsafeBufferPointer { groups.room(for: $0, atMost: most) }
    }

    /// Begins a run; the operations added next belong to it.
    public func begin(_ author: RunAuthor, text: SegmentText, segment: Int) {
        groups.begin(author)
        let start = groups.operations.count
        runs.append(MergeRun(author: author, text: text, segment: segment, operations: start..<start))
    }

    /// Adds operations, whose ranges refer to the current run's text.
    public func add(_ operations: ArraySlice<ScannedOperation>) {
        guard let last = runs.indices.last else { return }
        groups.add(operations, in: runs[last].text.buffer)
        runs[last].operations = runs[last].operations.lowerBound..<groups.operations.count
    }

    /// Adds an operation, whose ranges refer to the current run's text.
    public func add(_ operation: ScannedOperation) { add([operation]) }

    /// Numbers the slots by entity, store and id, once all operations are added: the order in which a B-tree is best read
    /// and written. Nothing to do the second time.
    public func arrange() {
        guard !isArranged else { return }
        isArranged = true
        groups.arrange()
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
        runs.removeAll(keepingCapacity: true)
        records.removeAll(keepingCapacity: true)
        groups.reset()
        arena.reset()
        isArranged = false
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
    public func slot(entity: Int32, store: Int32, id: Bytes) -> Int {
        groups.index.slot(entity: entity, store: store, id: id)
    }
}
