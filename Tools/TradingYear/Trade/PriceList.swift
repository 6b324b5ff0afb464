import Nightdrop

/// What head office makes of a day's prices: each article's most common one, recorded where it is a change.
enum PriceList {
    /// Commits of so many operations.
    private static let commit = 5000

    /// Records what differs, and returns how many operations that took.
    static func record(_ rows: [Row], at central: Central) throws -> Int {
        var drafts: [OperationDraft] = []
        for (code, rows) in Dictionary(grouping: rows.filter { !$0.isStockMovement }, by: \.code).sorted(by: {
            $0.key < $1.key
        }) {
            let price = FieldValue(checkedJSON: mostCommon(rows.map(\.price)))
            let name = FieldValue.string(mostCommon(rows.map(\.name)))
            let wanted = [Field("name", name), Field("price", price)]
            guard let present = try central.get("product", code) else {
                drafts.append(OperationDraft(.create, "product", id: code, set: wanted))
                continue
            }
            let changes = wanted.filter { present[$0.name] != $0.value }
            if !changes.isEmpty { drafts.append(OperationDraft(.update, "product", id: code, set: changes)) }
        }
        for start in stride(from: 0, to: drafts.count, by: commit) {
            _ = try central.record(Array(drafts[start..<min(start + commit, drafts.count)]))
        }
        return drafts.count
    }

    /// Of several that are equally common, the first in the order of characters.
    private static func mostCommon(_ values: [String]) -> String {
        var counts: [String: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
    }
}
