import Nightdrop

/// The complete contents of records, one text each, for comparing two nodes.
struct RecordImages {
    private var byStore: [String: [String: String]] = [:]

    /// Of an entity as head office shows it.
    init(of entity: String, _ central: Central) throws {
        try central.records(entity) { byStore[$0.store ?? "", default: [:]][$0.id] = RecordImages.image($0) }
    }

    /// What a till of a store receives.
    func visible(in store: String) -> [String: String] {
        (byStore[""] ?? [:]).merging(byStore[store] ?? [:]) { first, _ in first }
    }

    /// All fields, by name.
    static func image(_ record: Record) -> String {
        record.fields.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value.json)" }.joined(separator: " ")
    }

    /// The CSN, and a hash of everything that head office shows.
    static func hash(of central: Central) throws -> (csn: Int64, hash: ContentHash) {
        var hasher = ContentHasher()
        for entity in TradingPolicy.received + TradingPolicy.facts {
            try central.records(entity) {
                hasher.update("\(entity)\n\($0.store ?? "")\n\($0.id)\n\(image($0))\n")
            }
        }
        return (try central.merge([]).csn, hasher.finish())
    }
}
