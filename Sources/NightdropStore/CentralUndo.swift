import NightdropFormats
import NightdropModel

/// An undo, as central's store keeps it.
public struct UndoRow: Sendable {
    /// Its number.
    public var number: Int64 = 0
    /// The bundle whose operations it took back, or put back.
    public var bundle: String
    /// The undo that it undoes; nil where it undoes the bundle itself.
    public var undoes: Int64?
    /// Who asked for it.
    public var by: String
    /// When, in milliseconds since 1970.
    public var at: Int64
    /// Whether all its operations are recorded.
    public var isDone = false
    /// How many operations it has recorded.
    public var operations: Int64 = 0

    /// An undo that has not begun.
    public init(bundle: String, undoes: Int64?, by: String, at: Int64) {
        self.bundle = bundle
        self.undoes = undoes
        self.by = by
        self.at = at
    }
}

/// What an undo asks of central's store.
public protocol CentralUndoReader {
    /// The bundles of a file name that brought something; several, where a merge was interrupted and went on.
    func bundles(named name: String) throws -> [BundleRow]
    /// The segments that a bundle was the first to bring.
    func segments(ofBundle id: Int64) throws -> [SegmentRow]
    /// A record whose tombstone was removed, without its fields.
    func buried(rid: Int64) throws -> RecordRow?
    /// All undos, by number.
    func undos() throws -> [UndoRow]
    /// Hands on the change log in its order, behind a CSN, until `body` returns false.
    func changes(after csn: Int64, _ body: (LoggedChange) throws -> Bool) throws
}

/// What an undo writes besides its operations.
public protocol CentralUndoWriter {
    /// Begins an undo and returns its number.
    func begin(_ undo: UndoRow) throws -> Int64
    /// Says that all operations of an undo are recorded.
    func finishUndo(_ number: Int64, operations: Int64) throws
    /// Adds a notice for a terminal, which goes with the last change. The number is the store's to give.
    func add(_ notice: NoticeLine, for node: NodeID) throws
}
