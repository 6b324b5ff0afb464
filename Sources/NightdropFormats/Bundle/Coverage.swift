import NightdropModel

/// What of central's records a terminal's confirmed state holds: those that the policy of this version gives to its store,
/// of the entities that it receives.
public struct Coverage: Sendable, Equatable {
    /// The version of the policy.
    public var policyVersion: Int
    /// The entities, sorted; nil for all.
    public var receives: [String]?

    /// A coverage.
    public init(policyVersion: Int, receives: [String]?) {
        self.policyVersion = policyVersion
        self.receives = receives.map { Set($0).sorted() }
    }

    /// Whether the entity's records are among what is received, as far as the list goes.
    public func includes(_ entity: String) -> Bool { receives?.contains(entity) ?? true }

    /// As JSON: `{"policy":7,"receives":["customer","product"]}`.
    public var json: JSONValue {
        ["policy": .integer(policyVersion), "receives": Coverage.json(of: receives)]
    }

    /// From JSON; nil if it is none.
    public init?(json: JSONValue) {
        guard let policy = json["policy"]?.integer, let receives = json.nullable("receives", Coverage.entities)
        else { return nil }
        self.init(policyVersion: Int(policy), receives: receives)
    }

    /// A list of entities as JSON; `null` for all.
    public static func json(of entities: [String]?) -> JSONValue {
        entities.map { .array($0.map { .string($0) }) } ?? .null
    }

    /// A list of entities from JSON; nil if it is none.
    public static func entities(_ json: JSONValue) -> [String]? {
        guard let names = json.elements?.map(\.text), !names.contains(nil) else { return nil }
        return names.compactMap(\.self)
    }
}
