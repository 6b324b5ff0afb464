import NightdropModel

/// The envelope of one operation line: where its parts stand in the buffer that was scanned, and its numbers.
///
/// Scanned once, carried through the merge as it is; nothing is copied until it is written. All ranges refer to the
/// buffer; strings are ranges between the quotes, objects include their braces.
public struct ScannedOperation: Sendable {
    /// The operation's number in its journal.
    public var seq: Int64 = 0
    /// When it was recorded.
    public var time = HybridTime(milliseconds: 0)
    /// The terminal's cursor when the caller read the record; -1 where absent.
    public var base: Int64 = -1
    /// The first number of its transaction; 0 for an operation on its own.
    public var transactionFirst: Int64 = 0
    /// The number of operations of its transaction; 1 for an operation on its own.
    public var transactionCount: Int32 = 1
    /// What it does.
    public var action = Action.update
    /// How many fields `set` holds.
    public var setCount: Int32 = 0
    /// The line without its newline.
    public var line = ByteRange.absent
    /// The entity.
    public var entity = ByteRange.absent
    /// The record's id, as written.
    public var id = ByteRange.absent
    /// The store, where central gives one.
    public var store = ByteRange.absent
    /// The changed fields.
    public var set = ByteRange.absent
    /// Their values before.
    public var was = ByteRange.absent
    /// The increments of counters.
    public var add = ByteRange.absent
    /// The caller's name for the commit.
    public var key = ByteRange.absent
    /// The operator.
    public var by = ByteRange.absent

    /// An empty envelope.
    public init() {}

    /// The same operation in a buffer in which it stands `distance` bytes further on.
    public func moved(by distance: Int) -> ScannedOperation {
        var moved = self
        moved.line = line.moved(by: distance)
        moved.entity = entity.moved(by: distance)
        moved.id = id.moved(by: distance)
        moved.store = store.moved(by: distance)
        moved.set = set.moved(by: distance)
        moved.was = was.moved(by: distance)
        moved.add = add.moved(by: distance)
        moved.key = key.moved(by: distance)
        moved.by = by.moved(by: distance)
        return moved
    }
}
