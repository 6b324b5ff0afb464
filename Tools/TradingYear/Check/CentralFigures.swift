import Nightdrop

/// The books as head office's records give them.
struct CentralFigures {
    private(set) var books = Books()

    init(_ central: Central) throws {
        let tills = Dictionary(
            try central.terminals().map { ($0.node.text, Till(store: $0.store, id: $0.node)) }
        ) { first, _ in first }
        func till(_ record: Record) throws -> Till {
            guard let text = try record.text("till"), let till = tills[text] else {
                throw Failure("\(record.entity) \(record.id) names no till")
            }
            return till
        }
        try central.records("sale") { record in
            books.invoices[try till(record), default: [:]][record.id, default: Figures()] = try CentralFigures.sale(
                record)
        }
        try central.records("stock_movement") { record in
            let quantity = try record.integer("quantity")
            let value = quantity * (try record.amount("price"))
            let invoice = String(record.id.prefix { $0 != "-" })
            let till = try till(record)
            let before = books.invoices[till]?[invoice] ?? Figures()
            books.invoices[till, default: [:]][invoice] =
                before + Figures(movements: 1, lines: 1, quantity: quantity, value: value)
        }
        try central.records("inventory") { record in
            books.stock[record.store ?? "", default: [:]][record.id] = try record.integer("quantity")
        }
        try central.records("customer") { record in
            books.customers[record.id] = Figures(
                sales: Int(try record.integer("invoices")), value: try record.amount("spent"))
        }
    }

    /// The total is taken from the record, and must be what its lines come to.
    private static func sale(_ record: Record) throws -> Figures {
        guard let lines = try JSONValue.parse(record["lines"]?.json ?? "").elements else {
            throw Failure("sale \(record.id) has no lines")
        }
        var figures = Figures(sales: 1)
        for line in lines {
            guard let quantity = line["quantity"]?.integer, case .number(let text) = line["price"],
                let price = Figures.amount(text)
            else { throw Failure("sale \(record.id) has a line \(line.compact)") }
            figures = figures + Figures(lines: 1, quantity: quantity, value: quantity * price)
        }
        guard try figures.value == record.amount("total") else {
            throw Failure("the lines of sale \(record.id) come to \(Figures.text(figures.value)), not to its total")
        }
        return figures
    }
}

extension Record {
    /// The text of a field; nil if there is none.
    func text(_ field: String) throws -> String? { try self[field].flatMap { try JSONValue.parse($0.json).text } }

    fileprivate func integer(_ field: String) throws -> Int64 {
        guard let value = self[field].flatMap({ Int64($0.json) }) else {
            throw Failure("\(entity) \(id): \(field) is no whole number")
        }
        return value
    }

    fileprivate func amount(_ field: String) throws -> Int64 {
        guard let value = self[field].flatMap({ Figures.amount($0.json) }) else {
            throw Failure("\(entity) \(id): \(field) is no amount")
        }
        return value
    }
}
