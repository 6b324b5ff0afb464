import Nightdrop

/// The books as the data's files give them, row by row, without the library.
struct ExpectedFigures {
    private(set) var books = Books()

    init(_ data: DataDirectory) throws {
        var rule = TillRule()
        for day in data.days {
            var seen: Set<String> = []
            for row in try data.rows(of: day) {
                try add(
                    row, day, try rule.till(of: row), isFirst: !row.isStockMovement && seen.insert(row.invoice).inserted
                )
            }
        }
    }

    private mutating func add(_ row: Row, _ day: String, _ till: Till, isFirst: Bool) throws {
        guard let price = Figures.amount(row.price) else {
            throw Failure("the price \(row.price) has too many decimals", status: 65)
        }
        let value = price * row.quantity
        var figures = Figures(lines: 1, quantity: row.quantity, value: value)
        var ofDay = Figures()
        if row.isStockMovement {
            figures.movements = 1
            ofDay = Figures(movements: 1, quantity: row.quantity)
        } else {
            figures.sales = isFirst ? 1 : 0
            ofDay = Figures(sales: figures.sales, value: value)
        }
        books.invoices[till, default: [:]][row.invoice] =
            (books.invoices[till]?[row.invoice] ?? Figures()) + figures
        books.days[till, default: [:]][day] = (books.days[till]?[day] ?? Figures()) + ofDay
        books.stock[till.store.text, default: [:]][row.code, default: 0] +=
            row.isStockMovement ? row.quantity : -row.quantity
        if let customer = row.customer {
            let isMovement = row.isStockMovement
            books.customers[customer] =
                (books.customers[customer] ?? Figures())
                + Figures(sales: figures.sales, value: isMovement ? 0 : value)
        }
    }
}
