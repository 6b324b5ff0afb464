import Nightdrop

/// The rows of one invoice, which one till records as one transaction.
struct Invoice: Sendable {
    let number: String
    let till: Till
    let at: String
    let customer: String?
    let country: String
    private(set) var lines: [Line] = []
    private(set) var movements: [Line] = []

    struct Line: Sendable {
        let code: String
        let name: String
        let quantity: Int64
        let price: ExactDecimal
    }

    private init(_ row: Row, _ till: Till) {
        number = row.invoice
        self.till = till
        at = row.at
        customer = row.customer
        country = row.country
    }

    /// The invoices of a day, in the order of their first rows.
    static func invoices(of rows: [Row], _ rule: inout TillRule) throws -> [Invoice] {
        var invoices: [Invoice] = []
        var places: [String: Int] = [:]
        for row in rows {
            let place = places[row.invoice] ?? invoices.count
            if place == invoices.count {
                places[row.invoice] = place
                invoices.append(Invoice(row, try rule.till(of: row)))
            }
            guard let price = ExactDecimal(row.price) else { throw Failure("\(row.price) is no price", status: 65) }
            let line = Line(code: row.code, name: row.name, quantity: row.quantity, price: price)
            if row.isStockMovement {
                invoices[place].movements.append(line)
            } else {
                invoices[place].lines.append(line)
            }
        }
        return invoices
    }

    /// The exact sum of quantity × price.
    func total() throws -> ExactDecimal {
        try lines.reduce(ExactDecimal(0)) { sum, line in
            guard let value = line.price.times(line.quantity), let sum = sum.adding(value) else {
                throw Failure("the total of invoice \(number) has too many digits", status: 65)
            }
            return sum
        }
    }
}

extension ExactDecimal {
    /// The exact product; nil if it has too many digits.
    func times(_ factor: Int64) -> ExactDecimal? {
        let (product, overflow) = coefficient.multipliedReportingOverflow(by: UInt128(factor.magnitude))
        guard !overflow else { return nil }
        return ExactDecimal(negative: isNegative != (factor < 0), coefficient: product, exponent: exponent)
    }
}
