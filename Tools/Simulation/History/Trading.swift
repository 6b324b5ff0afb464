import Nightdrop

/// What people do at a till and at head office, at random.
struct Trading {
    let chain: SimulatedChain
    var sales = 0

    /// Something at a till.
    mutating func trade(_ till: Terminal, _ random: inout SeededNumbers) throws {
        let value = FieldValue.integer(Int64.random(in: 1...9, using: &random))
        switch Int.random(in: 0..<13, using: &random) {
        case 0, 1, 2: try sell(till, &random)
        case 3: try changeSale(till, &random)
        case 4: try put(till, "product", random.one(of: ["A", "B"]), random.one(of: ["price", "name"]), value)
        case 5: try put(till, "product", random.one(of: ["A", "B"]), random.one(of: ["low", "high"]), value)
        case 6: try put(till, "product", "A", "tags", FieldValue(checkedJSON: "[\(value.json)]"))
        case 7: try put(till, "note", random.one(of: ["N", "M"]), random.one(of: ["text", "color"]), value)
        case 8: try put(till, "table", "1", "seats", value)
        case 9: try put(till, "customer", "K", "city", value)
        case 10: try put(till, "memo", "X", "text", value)
        case 11: try delete(till, "note", random.one(of: ["N", "M"]))
        default: try delete(till, random.one(of: ["product", "table", "memo"]), random.one(of: ["B", "1", "X"]))
        }
    }

    /// Something at head office.
    mutating func tradeAtCentral(_ random: inout SeededNumbers) throws {
        let (central, value) = (chain.central, FieldValue.integer(Int64.random(in: 10...19, using: &random)))
        let (entity, id) = random.one(of: [("product", "A"), ("product", "B"), ("note", "N"), ("memo", "X")])
        let present = try central.get(entity, id)
        if present != nil, id != "A", random.oneIn(6) {
            try record(at: central, OperationDraft(.delete, entity, id: id))
        } else {
            let field = entity == "product" ? "price" : "text"
            let draft = OperationDraft(present == nil ? .create : .update, entity, id: id, set: [Field(field, value)])
            try record(at: central, draft)
        }
    }

    /// A person at head office decides some of what is open.
    func review(_ random: inout SeededNumbers) throws {
        var open: [Int64] = []
        try chain.central.conflicts { open.append($0.number) }
        for number in open where random.oneIn(2) {
            do {
                let decision: Central.Decision = random.one(of: [
                    .incoming, .central, .incoming, .central, .apply(set: nil, id: nil), .value("7"),
                    .rule(.lastWriteWins),
                ])
                chain.note(try chain.central.resolve(number, decision))
            } catch let error as NightdropError where [.refused, .tryAgain, .usage].contains(error.kind) {
                // It shows no such value, or the record has moved on.
                continue
            }
        }
    }

    private mutating func sell(_ till: Terminal, _ random: inout SeededNumbers) throws {
        sales += 1
        // Tills share a few numbers, as real ones do by mistake.
        let id = sales % 5 == 0 ? "R-\(sales % 3)" : "\(till.settings.id)-\(sales)"
        guard try till.get("sale", id) == nil else { return }
        let mark = "\(till.settings.id)/\(sales)"
        let amount = Int64.random(in: 1...100, using: &random)
        var drafts = [
            OperationDraft(
                .create, "sale", id: id,
                set: [Field("total", .integer(amount)), Field("mark", FieldValue(checkedJSON: "\"\(mark)\""))])
        ]
        for (entity, field, change) in [("product", "stock", Int64(-1)), ("customer", "points", amount)]
        where try till.get(entity, "A") != nil {
            drafts.append(OperationDraft(.update, entity, id: "A", add: [Field(field, .integer(change))]))
            chain.sums[field, default: 0] += change
        }
        chain.note(try till.record(drafts), at: till.settings.id.text)
        chain.acknowledged.insert(mark)
    }

    private func changeSale(_ till: Terminal, _ random: inout SeededNumbers) throws {
        var own: [String] = []
        try till.records("sale") { own.append($0.id) }
        guard !own.isEmpty else { return }
        let draft = OperationDraft(
            .update, "sale", id: random.one(of: own.sorted()),
            set: [Field("void", FieldValue(checkedJSON: random.oneIn(2) ? "true" : "false"))])
        chain.note(try till.record(draft), at: till.settings.id.text)
    }

    private func put(_ till: Terminal, _ entity: String, _ id: String, _ field: String, _ value: FieldValue) throws {
        let action: Action = try till.get(entity, id) == nil ? .create : .update
        try record(at: till, OperationDraft(action, entity, id: id, set: [Field(field, value)]))
    }

    private func delete(_ till: Terminal, _ entity: String, _ id: String) throws {
        guard try till.get(entity, id) != nil else { return }
        try record(at: till, OperationDraft(.delete, entity, id: id))
    }

    /// What the policy forbids is refused at once, and nothing is written.
    private func record(at till: Terminal, _ draft: OperationDraft) throws {
        do { chain.note(try till.record(draft), at: till.settings.id.text) } catch let error as NightdropError
            where error.kind == .refused
        {}
    }

    private func record(at central: Central, _ draft: OperationDraft) throws {
        do { chain.note(try central.record(draft)) } catch let error as NightdropError where error.kind == .refused {}
    }
}
