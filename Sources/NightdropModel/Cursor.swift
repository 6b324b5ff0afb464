/// How far a terminal has applied central's changes: which lifetime of the central store, up to which change, and the
/// random id of the merge transaction that gave that change its number (a restored central gives other ids).
public struct Cursor: Hashable, Sendable {
    /// The lifetime of the central store.
    public let epoch: UniqueID
    /// The change sequence number (CSN).
    public let csn: Int64
    /// The id of the merge transaction that ended with `csn`: 16 hexadecimal digits.
    public let transaction: String

    /// A cursor.
    public init(epoch: UniqueID, csn: Int64, transaction: String) {
        self.epoch = epoch
        self.csn = csn
        self.transaction = transaction
    }
}
