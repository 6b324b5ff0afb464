import Nightdrop
import NightdropFormats
import NightdropModel

extension DemoPlay {
    func opening() throws {
        try narrator.scene("Head office opens")
        try chain.open()
        let central = try chain.headOffice()
        for product in chain.products {
            _ = try central.record([
                .make(
                    .create, "product", product.id,
                    [("name", JSONString.quoted(product.name)), ("price", product.price)]),
                .make(.create, "inventory", product.id, [("quantity", String(product.stock))]),
            ])
        }
        _ = try central.record([
            .make(
                .create, "customer", "C-1001",
                [("name", "\"Anna Berg\""), ("address", "\"Harbour Street 12\""), ("points", "40")])
        ])
        try narrator.tell(
            """
            Corner Shops has head office and three shops. Head office records its products, their stock, and a good \
            customer. From now on it is known by the fingerprint of its key:
            """)
        try narrator.fact(central.fingerprint)
    }

    func enrollment() throws {
        try narrator.scene("Four tills join")
        try narrator.tell(
            """
            Each till makes its own key and asks to be enrolled; head office answers with a grant: its key, the policy, \
            and all records that the till receives. Both travel as files; here over a shared folder.
            """)
        for till in chain.tills {
            try chain.join(till)
            let price = try chain.till(till.id.text).get("product", "COFFEE")?["price"]?.plain ?? "nothing"
            try narrator.fact("\(till.id) in shop \(till.store) is enrolled; it sells coffee for \(price)")
        }
    }

    func selling() throws {
        try narrator.scene("The shops sell, each on its own")
        try narrator.tell(
            """
            Nobody is connected to anybody. Each sale is one transaction: the sale, the payment, and what leaves the \
            stock. It is on the disk before the receipt is printed.
            """)
        for (index, till) in chain.tills.enumerated() {
            let terminal = try chain.till(till.id.text)
            var total = ExactDecimal.zero
            for number in 1...(8 + 3 * index) { total = total.adding(try sell(number, index, terminal)) ?? total }
            try narrator.fact("\(till.id) sold \(8 + 3 * index) times, for \(total)")
        }
    }

    /// A sale of a few pieces of one product; which and how many follows from its number. Returns its total.
    private func sell(_ number: Int, _ till: Int, _ terminal: Terminal) throws -> ExactDecimal {
        // The umbrella, the last one, is for later.
        let product = chain.products[(number * 3 + till) % (chain.products.count - 1)]
        let pieces = 1 + (number + till) % 3
        let price = ExactDecimal(product.price) ?? .zero
        let total = (0..<pieces).reduce(ExactDecimal.zero) { sum, _ in sum.adding(price) ?? sum }
        let digits = String(number)
        let id = "\(terminal.settings.id)-" + String(repeating: "0", count: 6 - digits.count) + digits
        _ = try terminal.record([
            .make(.create, "sale", id, [("total", total.text)], by: "cashier-\(till + 1)"),
            .make(
                .create, "payment", id, [("amount", total.text), ("method", number % 2 == 0 ? "\"card\"" : "\"cash\"")]),
            .make(.update, "inventory", product.id, add: [("quantity", "-\(pieces)")]),
        ])
        return total
    }

    func disagreements() throws {
        try narrator.scene("Without knowing of each other, they change the same things")
        let central = try chain.headOffice()
        let (t01, t02, t03) = (try chain.till("T01"), try chain.till("T02"), try chain.till("T03"))

        _ = try central.record([.make(.update, "product", "COFFEE", [("price", "5.20")], by: "purchasing")])
        _ = try t01.record([.make(.update, "product", "COFFEE", [("price", "4.90")], by: "manager-S1")])
        try narrator.fact("coffee: head office sets the price to 5.20, the manager of S1 to 4.90")

        _ = try t01.record([
            .make(
                .update, "customer", "C-1001", [("address", "\"Mill Lane 4\"")], add: [("points", "10")],
                by: "cashier-1")
        ])
        _ = try t03.record([
            .make(
                .update, "customer", "C-1001", [("address", "\"Station Road 9\"")], add: [("points", "5")],
                by: "cashier-3")
        ])
        try narrator.fact("Anna Berg gives T01 one new address and T03 another; she earns 10 points and 5 points")

        for (terminal, id) in [(t01, "T01-UMBRELLA"), (t03, "T03-UMBRELLA")] {
            _ = try terminal.record([
                .make(.create, "sale", id, [("total", "14.90")]), .make(.create, "payment", id, [("amount", "14.90")]),
                .make(.update, "inventory", "UMBRELLA", add: [("quantity", "-1")]),
            ])
        }
        try narrator.fact("one umbrella is left in the books, and both T01 and T03 sell it")

        _ = try t01.record([.make(.create, "sale", "R-1001", [("total", "7.80")], by: "cashier-1")])
        _ = try t02.record([.make(.create, "sale", "R-1001", [("total", "12.30")], by: "cashier-2")])
        try narrator.fact("T01 and T02 are set up alike and print the same receipt number, R-1001")
    }
}
