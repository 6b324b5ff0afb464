import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore

extension ConflictRow {
    /// The record for people: `product 85123A`.
    var record: String { store.isEmpty ? "\(entity) \(id)" : "\(entity) \(id) of store \(store)" }

    /// A value for people.
    func plain(_ json: String?) -> String { json.map { JSONValue(json: $0).plain } ?? "" }

    /// What came in, in a few words: of an operation that was kept whole, what it does.
    var shortIncoming: String {
        guard let held = heldOperation else { return plain(incoming) }
        let fields = [held["set"], held["add"]].compactMap { $0?.compact }.joined(separator: " ")
        return "\(held["action"]?.text ?? "") \(fields)"
    }

    /// The operation that was kept whole, as its line stands in the journal; nil where it is none.
    var heldOperation: JSONValue? {
        guard field == nil, let value = incoming.flatMap({ try? JSONValue.parse($0) }),
            value["seq"]?.integer != nil, value["action"]?.text != nil
        else { return nil }
        return value
    }
}
