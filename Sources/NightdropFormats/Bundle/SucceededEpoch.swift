import NightdropModel

/// An earlier lifetime of the central store, of which a backup was restored.
public struct SucceededEpoch: Sendable, Equatable {
    /// The epoch.
    public var epoch: UniqueID
    /// The last of its changes that the present epoch is known to have in common with it. 0 where nothing is known of it but
    /// that terminals have followed it.
    public var csn: Int64

    /// An epoch, up to a change.
    public init(epoch: UniqueID, csn: Int64) {
        self.epoch = epoch
        self.csn = csn
    }

    /// As JSON: `{"epoch":…,"csn":250}`.
    public var json: JSONValue { ["epoch": .string(epoch.text), "csn": .integer(csn)] }

    /// Reads what `json` writes; nil for anything else.
    public init?(json: JSONValue) {
        guard let epoch = json["epoch"]?.text.flatMap(UniqueID.init), let csn = json["csn"]?.integer, csn >= 0 else {
            return nil
        }
        self.init(epoch: epoch, csn: csn)
    }
}
