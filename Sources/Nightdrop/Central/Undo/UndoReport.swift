import NightdropModel

/// What an undo has done, or would do.
public struct UndoReport: Sendable {
    /// Something that an undo leaves as it is.
    public struct Kept: Sendable, Equatable {
        /// The record.
        public let entity: String
        /// Its store, where its entity is per store.
        public let store: String?
        /// Its id.
        public let id: String
        /// The field; nil where it is about the whole record.
        public let field: String?
        /// Why.
        public let reason: String
    }

    /// The undo's name, `undo-000001`; nil if nothing was to be done, or only to be shown.
    public internal(set) var name: String?
    /// The bundle whose operations were taken back, or put back.
    public let bundle: String
    /// The undo that was undone; nil where the bundle was.
    public let undid: String?
    /// The undo by which all this was undone before; nil where it was not.
    public internal(set) var alreadyUndoneBy: String?
    /// The operations of head office.
    public internal(set) var operations: Int64 = 0
    /// The records that were deleted, because they had been made.
    public internal(set) var deleted: Int64 = 0
    /// The records that were made again, because they had been deleted.
    public internal(set) var revived: Int64 = 0
    /// The fields that got back their values.
    public internal(set) var fields: Int64 = 0
    /// The counters to which the opposite was added.
    public internal(set) var counters: Int64 = 0
    /// What was left as it is, the first thousand.
    public internal(set) var kept: [Kept] = []
    /// How much was left as it is.
    public internal(set) var keptCount: Int64 = 0
    /// Terminals that recorded facts of these, with one of them and how many: they keep their own.
    public internal(set) var facts: [NodeID: Facts] = [:]

    /// Facts of a terminal.
    public struct Facts: Sendable, Equatable {
        /// One of them.
        public let entity: String
        /// Its id.
        public let id: String
        /// How many.
        public internal(set) var count: Int64
    }

    private static let mostKept = 1000

    init(bundle: String, undid: String?) {
        self.bundle = bundle
        self.undid = undid
    }

    mutating func keep(_ record: RecordTrace.Identity, _ field: String?, _ reason: String) {
        keptCount += 1
        guard kept.count < UndoReport.mostKept else { return }
        kept.append(
            Kept(
                entity: record.entity, store: record.store.isEmpty ? nil : record.store, id: record.id, field: field,
                reason: reason))
    }
}
