import Nightdrop

/// A till and its store.
struct Till: Hashable, Comparable, Sendable {
    let store: NodeID
    let id: NodeID

    static func < (left: Till, right: Till) -> Bool { left.id.text < right.id.text }
}

/// Which till an invoice belongs to. The data knows of none, so its number decides: of the home country's invoices each
/// eighth is a store, every other country is one, and a store has three tills.
struct TillRule {
    private static let home = (country: "United Kingdom", code: "UK", stores: 8)
    private static let tills = 3
    private static let codeLength = 12

    private var codes: [String: String] = [:]
    private var countries: [String: String] = [:]

    /// The till of a row's invoice.
    mutating func till(of row: Row) throws -> Till {
        guard let number = Int(row.invoice.filter(\.isNumber)) else {
            throw Failure("invoice \(row.invoice) has no number", status: 65)
        }
        let isHome = row.country == TillRule.home.country
        let code = isHome ? "\(TillRule.home.code)-\(number % TillRule.home.stores)" : try code(of: row.country)
        guard let store = NodeID(code), let id = NodeID("\(code)-\(number / TillRule.home.stores % TillRule.tills)")
        else {
            throw Failure("\(row.country) gives no store code", status: 65)
        }
        return Till(store: store, id: id)
    }

    /// The letters of a country's name; two countries must not come to the same.
    private mutating func code(of country: String) throws -> String {
        if let code = codes[country] { return code }
        let code = String(country.filter { $0.isASCII && $0.isLetter }.prefix(TillRule.codeLength))
        if let other = countries.updateValue(country, forKey: code.lowercased()) {
            throw Failure("\(country) and \(other) both come to the store code \(code)", status: 65)
        }
        codes[country] = code
        return code
    }
}
