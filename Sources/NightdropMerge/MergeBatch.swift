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

/// Operations of one segment that stand one behind the other in a batch.
public struct MergeRun: Sendable {
    /// Who recorded them.
    public var author: RunAuthor
    /// The segment, an index into a list that the caller keeps.
    public var segment: Int
    /// The operations, as a range of the batch's.
    public var operations: Range<Int>
    /// What to add to a place in the batch's text to get the place in the segment's text.
    public var textOffset: Int64

    /// A run.
    public init(author: RunAuthor, segment: Int, operations: Range<Int>, textOffset: Int64) {
        self.author = author
        self.segment = segment
        self.operations = operations
        self.textOffset = textOffset
    }
}

/// The operations of one merge transaction, scanned and grouped by record: whole transactions of tills, at most 100,000
/// operations or 32 MiB of text, from one or several segments.
///
/// The text has a fixed address, to which slots and ranges refer.
public final class MergeBatch {
    /// The memory for the text.
    public let text: UnsafeMutableRawBufferPointer
    /// How much of it is text.
    public var textCount = 0
    /// The operations, in order.
    public private(set) var operations: ContiguousArray<ScannedOperation> = []
    /// For each operation, its record's slot.
    public private(set) var slotOf: ContiguousArray<Int32> = []
    /// The runs, in order; together they hold all operations.
    public private(set) var runs: [MergeRun] = []
    /// The entities that occur.
    public private(set) var entities: [EntityRules] = []
    /// The stores that occur; the first, empty, stands for none.
    public private(set) var stores: [String] = [""]
    /// The records that occur.
    public private(set) var index = RecordKeyIndex(expecting: 1000)
    /// Memory for what the merge loads or makes.
    public let arena = TextArena()
    private let policy: Policy
    private var entityNames: [[UInt8]] = []

    /// An empty batch under a policy, with room for so much text.
    public init(policy: Policy, textBytes: Int) {
        self.policy = policy
        text = .allocate(byteCount: textBytes, alignment: 8)
        operations.reserveCapacity(1024)
    }

    deinit { text.deallocate() }

    /// The text, for reading.
    public var buffer: Bytes { Bytes(text) }

    /// Begins a run; the operations added next belong to it.
    public func begin(_ author: RunAuthor, segment: Int, textOffset: Int64) {
        let start = operations.count
        runs.append(MergeRun(author: author, segment: segment, operations: start..<start, textOffset: textOffset))
    }

    /// Adds an operation, whose ranges refer to this batch's text, to the current run.
    public func add(_ operation: ScannedOperation) {
        guard let author = runs.last?.author else { return }
        let entity = entityIndex(buffer[operation.entity])
        var store: Int32 = 0
        if entities[Int(entity)].policy.scope == .store {
            if operation.store.isPresent {
                store = storeIndex(JSONString.unescaped(buffer[operation.store]))
            } else if let own = author.store {
                store = storeIndex(own.text)
            }
        }
        slotOf.append(Int32(index.slot(entity: entity, store: store, id: buffer[operation.id])))
        operations.append(operation)
        let last = runs.count - 1
        runs[last].operations = runs[last].operations.lowerBound..<operations.count
    }

    /// The slot of a record that no operation names, such as the second of two duplicates.
    public func slot(entity: Int32, store: Int32, id: Bytes) -> Int { index.slot(entity: entity, store: store, id: id) }

    private func entityIndex(_ name: Bytes) -> Int32 {
        for index in entityNames.indices where entityNames[index].withUnsafeBytes({ $0.equals(name) }) {
            return Int32(index)
        }
        entityNames.append(Array(name))
        entities.append(EntityRules(policy.entity(name.text)))
        return Int32(entities.count - 1)
    }

    private func storeIndex(_ name: String) -> Int32 {
        if let index = stores.firstIndex(of: name) { return Int32(index) }
        stores.append(name)
        return Int32(stores.count - 1)
    }
}
