import Nightdrop

/// What a till records for an invoice: the sale, the movements, the stock and the customer, as one transaction.
struct InvoiceDrafts {
    /// Whether the till shows a record, so that it is updated and not made.
    let exists: (_ entity: String, _ id: String) throws -> Bool
    /// The country that the till shows for a customer.
    let country: (_ customer: String) throws -> FieldValue?

    func drafts(for invoice: Invoice) throws -> [OperationDraft] {
        var drafts: [OperationDraft] = []
        if !invoice.lines.isEmpty { drafts.append(try sale(invoice)) }
        for (index, line) in invoice.movements.enumerated() {
            drafts.append(movement(invoice, index, line))
        }
        drafts += try stock(invoice)
        if let customer = invoice.customer { drafts.append(try self.customer(customer, invoice)) }
        return drafts
    }

    private func sale(_ invoice: Invoice) throws -> OperationDraft {
        let lines = JSONValue.array(
            invoice.lines.map {
                ["code": .string($0.code), "quantity": .integer($0.quantity), "price": .number($0.price.text)]
            })
        var fields = [
            Field("total", .decimal(try invoice.total())), Field("lines", FieldValue(checkedJSON: lines.compact)),
            Field("till", .string(invoice.till.id.text)), Field("at", .string(invoice.at)),
        ]
        if let customer = invoice.customer { fields.append(Field("customer", .string(customer))) }
        return OperationDraft(.create, "sale", id: invoice.number, set: fields)
    }

    private func movement(_ invoice: Invoice, _ index: Int, _ line: Invoice.Line) -> OperationDraft {
        OperationDraft(
            .create, "stock_movement", id: "\(invoice.number)-\(index + 1)",
            set: [
                Field("code", .string(line.code)), Field("quantity", .integer(line.quantity)),
                Field("price", .decimal(line.price)), Field("reason", .string(line.name)),
                Field("till", .string(invoice.till.id.text)), Field("at", .string(invoice.at)),
            ])
    }

    /// Sold goods leave the store, returned ones come back, moved ones change it as they say.
    private func stock(_ invoice: Invoice) throws -> [OperationDraft] {
        var changes: [String: Int64] = [:]
        for line in invoice.lines { changes[line.code, default: 0] -= line.quantity }
        for line in invoice.movements { changes[line.code, default: 0] += line.quantity }
        return try changes.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { code, change in
            OperationDraft(
                try exists("inventory", code) ? .update : .create, "inventory", id: code,
                add: [Field("quantity", .integer(change))])
        }
    }

    private func customer(_ id: String, _ invoice: Invoice) throws -> OperationDraft {
        let isKnown = try exists("customer", id)
        let country = FieldValue.string(invoice.country)
        let isNew = try !isKnown || self.country(id) != country
        return OperationDraft(
            isKnown ? .update : .create, "customer", id: id, set: isNew ? [Field("country", country)] : [],
            add: [Field("spent", .decimal(try invoice.total())), Field("invoices", .integer(1))])
    }
}

extension FieldValue {
    /// A text.
    static func string(_ text: String) -> FieldValue { FieldValue(checkedJSON: JSONString.quoted(text)) }
}

extension OperationDraft {
    /// As the command line takes it.
    func append(to out: inout [UInt8]) {
        out += Array("{\"entity\":".utf8)
        JSONString.append(entity, to: &out)
        out += Array(",\"id\":".utf8)
        JSONString.append(id, to: &out)
        out += Array(",\"action\":\"\(action.name)\"".utf8)
        for (name, fields) in [("set", set), ("add", add)] where !fields.isEmpty {
            out += Array(",\"\(name)\":{".utf8)
            for (index, field) in fields.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSONString.append(field.name, to: &out)
                out.append(UInt8(ascii: ":"))
                out += Array(field.value.json.utf8)
            }
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: "}"))
    }
}
