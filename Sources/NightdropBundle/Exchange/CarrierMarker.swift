import NightdropFormats
import NightdropModel

/// What `nightdrop.marker` says of an exchange directory: that it is one, and which.
///
///     {"nightdrop":"marker/1","organisation":"Corner Shops","carrier":"5b0e7c1a-…"}
public struct CarrierMarker: Sendable, Equatable {
    /// The name of the file.
    public static let fileName = "nightdrop.marker"
    private static let format = "marker/1"

    /// Whose carrier it is.
    public let organisation: String
    /// The carrier's random id.
    public let carrier: UniqueID

    /// A marker.
    public init(organisation: String, carrier: UniqueID) {
        self.organisation = organisation
        self.carrier = carrier
    }

    /// The bytes of the file.
    public var bytes: [UInt8] {
        let json: JSONValue = [
            "nightdrop": .string(Self.format), "organisation": .string(organisation), "carrier": .string(carrier.text),
        ]
        return json.bytes + [UInt8(ascii: "\n")]
    }

    /// Nil if these are not the bytes of a marker.
    public init?(_ bytes: [UInt8]) {
        guard let json = try? JSONValue.parse(bytes), json["nightdrop"]?.text == Self.format,
            let organisation = json["organisation"]?.text, let carrier = json["carrier"]?.text.flatMap(UniqueID.init)
        else { return nil }
        self.init(organisation: organisation, carrier: carrier)
    }
}
