import Nightdrop

/// What was sold, counted.
struct Figures: Equatable {
    var sales = 0
    var movements = 0
    var lines = 0
    var quantity: Int64 = 0
    /// In ten-thousandths.
    var value: Int64 = 0

    static func + (left: Figures, right: Figures) -> Figures {
        Figures(
            sales: left.sales + right.sales, movements: left.movements + right.movements,
            lines: left.lines + right.lines,
            quantity: left.quantity + right.quantity, value: left.value + right.value)
    }

    var cells: [String] { [String(sales), String(movements), String(lines), String(quantity), Figures.text(value)] }
}

extension Figures {
    private static let places = 4
    private static let unit: Int64 = 10_000

    /// The ten-thousandths of an amount, digit by digit and apart from the library's own arithmetic; nil if it has more
    /// decimals.
    static func amount(_ text: String) -> Int64? {
        let isNegative = text.hasPrefix("-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Int64(parts[0]) else { return nil }
        var decimals = parts.count == 2 ? String(parts[1]) : ""
        while decimals.hasSuffix("0") { decimals.removeLast() }
        guard decimals.count <= places else { return nil }
        decimals += String(repeating: "0", count: places - decimals.count)
        guard let fraction = Int64(decimals) else { return nil }
        return (isNegative ? -1 : 1) * (whole * unit + fraction)
    }

    /// An amount as people write it, with at least two decimals.
    static func text(_ amount: Int64) -> String {
        let digits = String(amount.magnitude % UInt64(unit))
        var decimals = String(repeating: "0", count: places - digits.count) + digits
        while decimals.count > 2, decimals.hasSuffix("0") { decimals.removeLast() }
        return "\(amount < 0 ? "-" : "")\(amount.magnitude / UInt64(unit)).\(decimals)"
    }
}

/// Everything that head office must come to, whichever way it was counted.
struct Books {
    /// By till and invoice.
    var invoices: [Till: [String: Figures]] = [:]
    /// By till and day: sales and movements, the value of the sales, the quantity of the movements.
    var days: [Till: [String: Figures]] = [:]
    /// By store and article.
    var stock: [String: [String: Int64]] = [:]
    /// By customer: invoices, and what was spent in ten-thousandths.
    var customers: [String: Figures] = [:]

    func figures(of till: Till) -> Figures { invoices[till, default: [:]].values.reduce(Figures(), +) }
    var total: Figures { invoices.keys.map(figures).reduce(Figures(), +) }
}
