import NightdropFormats
import NightdropModel
import NightdropStore

/// Which lifetime of the store this is, and which went before.
struct Epochs {
    static let succeedsSetting = "succeeds"
    static let beganSetting = "epochBegan"
    static let strangersSetting = "strangeEpochs"

    /// The present one.
    let present: UniqueID
    /// The last change when it began: what came before belongs to others.
    let began: Int64
    /// Those that it goes on from, each with the last change that it has of it.
    let succeeded: [SucceededEpoch]
    /// Those that tills have followed, and of which this store knows nothing.
    let strangers: [UniqueID]

    /// Up to which change this store goes on from an epoch; nil for the present one, and for one that it knows nothing of.
    func end(of epoch: UniqueID) -> Int64? { succeeded.first { $0.epoch == epoch }?.csn }

    /// Those that the next one goes on from.
    func succeeded(upTo csn: Int64) -> [SucceededEpoch] {
        succeeded + [SucceededEpoch(epoch: present, csn: csn)] + strangers.map { SucceededEpoch(epoch: $0, csn: 0) }
    }
}

extension CentralReader {
    func epochs() throws -> Epochs {
        func list<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws -> [Value] {
            try setting(name).map { text throws(JSONError) in try JSONValue.parse(text) }?.elements?.compactMap(read)
                ?? []
        }
        return Epochs(
            present: try cursor().epoch, began: try setting(Epochs.beganSetting).flatMap { Int64($0) } ?? 0,
            succeeded: try list(Epochs.succeedsSetting, SucceededEpoch.init(json:)),
            strangers: try list(Epochs.strangersSetting) { $0.text.flatMap(UniqueID.init) })
    }

    /// What a till's cursor says to this store.
    func standing(of cursor: Cursor?, _ epochs: Epochs) throws -> CursorStanding {
        guard let cursor else { return .held }
        guard cursor.epoch == epochs.present || epochs.end(of: cursor.epoch) != nil else { return .strange }
        if try isTransaction(cursor) { return .held }
        return cursor.epoch == epochs.present ? .ahead : .lost
    }
}

extension CentralWriter {
    /// Remembers epochs of which this store knows nothing.
    func note(strangers: Set<UniqueID>) throws {
        let known = try epochs()
        let new = strangers.filter {
            $0 != known.present && known.end(of: $0) == nil && !known.strangers.contains($0)
        }
        guard !new.isEmpty else { return }
        let all = known.strangers + new.sorted { $0.text < $1.text }
        try set(Epochs.strangersSetting, JSONValue.array(all.map { .string($0.text) }).compact)
    }
}

/// What a till's cursor says to a store.
enum CursorStanding: Equatable {
    /// The till has none yet, or stands at one of this store's merge transactions.
    case held
    /// It stands where an earlier life of this store has been, and this one has not.
    case lost
    /// It stands where this store should be, and is not: it was restored from a backup, and nobody said so.
    case ahead
    /// It has followed a head office that this store knows nothing of.
    case strange
}

/// Which changes the bases in a till's bundle may mean.
struct KnownBases {
    private let standing: CursorStanding
    private let cursor: Cursor?
    private let before: Cursor?
    private let epochs: Epochs

    /// - Parameters:
    ///   - cursor: What the bundle states.
    ///   - before: The last cursor of the till on record.
    init(_ standing: CursorStanding, _ cursor: Cursor?, before: Cursor?, _ epochs: Epochs) {
        self.standing = standing
        self.cursor = cursor
        self.before = before
        self.epochs = epochs
    }

    /// The last change that a base in a segment of an epoch may mean; nil where each means what it says.
    ///
    /// A base of a stretch that was lost counts as the last cursor of that till on record: up to there both lives of the
    /// store are the same.
    func last(in epoch: UniqueID?) -> Int64? {
        guard let epoch else { return nil }
        if standing == .held, epoch == epochs.present || epoch == cursor?.epoch { return nil }
        let end = epochs.end(of: epoch)
        guard let before else { return 0 }
        let known = standing == .held && before.epoch != epoch ? end ?? before.csn : before.csn
        return min(known, end ?? known)
    }
}

extension SegmentRow {
    /// An operation of it with the base that counts.
    func counting(_ operation: ScannedOperation) -> ScannedOperation {
        var counted = operation
        counted.base = known(operation.base)
        return counted
    }
}
