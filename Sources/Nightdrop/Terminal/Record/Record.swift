import NightdropFormats
import NightdropModel

/// A living record as this terminal sees it: what central has confirmed, with its own operations on top.
public struct Record: Sendable, Equatable {
    /// The entity.
    public let entity: String
    /// The record's id.
    public let id: String
    /// The store that it belongs to, where its entity is per store.
    public let store: String?
    /// What to give back as `base` with a change of this record; nil for what central keeps no copy of here up to date.
    public let base: Int64?
    /// Its fields.
    public let fields: [Field]

    /// A record.
    public init(entity: String, id: String, store: String?, base: Int64?, fields: [Field]) {
        self.entity = entity
        self.id = id
        self.store = store
        self.base = base
        self.fields = fields
    }

    /// The value of a field; nil if the record has none of that name.
    public subscript(field: String) -> FieldValue? { fields.first { $0.name == field }?.value }

    /// As compact JSON: `{"entity","id","store"?,"base","fields"}`.
    public var json: [UInt8] {
        var out: [UInt8] = Array("{\"entity\":".utf8)
        JSONString.append(entity, to: &out)
        out.append(contentsOf: ",\"id\":".utf8)
        JSONString.append(id, to: &out)
        if let store {
            out.append(contentsOf: ",\"store\":".utf8)
            JSONString.append(store, to: &out)
        }
        out.append(contentsOf: ",\"base\":".utf8)
        if let base { OperationWriter.appendInteger(base, to: &out) } else { out.append(contentsOf: "null".utf8) }
        out.append(contentsOf: ",\"fields\":".utf8)
        OperationWriter.append(fields, to: &out)
        out.append(UInt8(ascii: "}"))
        return out
    }
}
