import NightdropFormats
import NightdropModel

/// One till and what its day brings, the same for the same seed: 40 % sales of three lines, 30 % stock (four of five
/// movements, else counts), 14 % prices, 11 % customers, 5 % voids of recent sales. Seven of ten operations make a record.
struct Till {
    let node: NodeID
    let store: NodeID
    private let number: Int
    private let customerLimit: Int
    private let hasRandomIDs: Bool
    private var random: SeededRandom
    private var seq: Int64 = 0
    private var time: Int64 = 1_767_600_000_000
    private var sales = 0
    private var movements = 0
    private var customers = 0

    /// How many products head office lists; as many inventories go with them.
    static let products = 25_000
    static let tills = 50
    /// One change of a price in so many is to a product that another till changes too.
    private static let sharedPrices = 50

    /// `customerLimit` is how many customers a till makes at most; later ones are changes. The ids that it makes are its own
    /// name and a counter, as is recommended, or random UUIDs.
    init(_ number: Int, seed: UInt64, customerLimit: Int = .max, hasRandomIDs: Bool = false) {
        self.number = number
        self.customerLimit = customerLimit
        self.hasRandomIDs = hasRandomIDs
        node = Till.id("T", number)
        store = Till.id("S", (number + 9) / 10)
        random = SeededRandom(seed &+ UInt64(number) &* 0x1000_0001)
    }

    /// The next operation. `base` is the till's cursor.
    mutating func next(base: Int64) -> NumberedOperation {
        seq += 1
        time += Int64(1 + random.below(4000))
        return NumberedOperation(seq: seq, time: HybridTime(milliseconds: time), draft: draft(base))
    }

    private mutating func draft(_ base: Int64) -> OperationDraft {
        let by = "cashier-\(1 + random.below(4))"
        switch random.below(100) {
        case ..<40: return sale(by)
        case ..<64: return movement(by)
        case ..<70: return count(base, by)
        case ..<84: return price(base, by)
        case ..<90 where customers < customerLimit: return newCustomer()
        case ..<95: return customers > 0 ? customer(base, by) : newCustomer()
        default: return sales > 0 ? void(by) : sale(by)
        }
    }

    private mutating func sale(_ by: String) -> OperationDraft {
        sales += 1
        var total = 0
        var lines: [String] = []
        for _ in 0..<3 {
            let (quantity, price) = (1 + random.below(4), 95 + random.below(900) * 5)
            total += quantity * price
            lines.append("{\"product\":\"\(product())\",\"qty\":\(quantity),\"price\":\(Till.money(price))}")
        }
        return OperationDraft(
            .create, "sale", id: recordID("", sales),
            set: [
                field("total", Till.money(total)), field("paid", random.below(3) == 0 ? "\"cash\"" : "\"card\""),
                field("lines", "[" + lines.joined(separator: ",") + "]"),
            ], by: by)
    }

    private mutating func movement(_ by: String) -> OperationDraft {
        movements += 1
        return OperationDraft(
            .create, "stock_movement", id: recordID("m", movements),
            set: [
                field("product", "\"\(product())\""), field("quantity", "-\(1 + random.below(9))"),
                field("kind", random.below(4) == 0 ? "\"waste\"" : "\"sale\""),
                field("location", "\"shelf-\(random.below(40))\""),
                field("sale", "\"\(recordID("", max(1, sales)))\""),
            ], by: by)
    }

    private mutating func count(_ base: Int64, _ by: String) -> OperationDraft {
        OperationDraft(
            .update, "inventory", id: product(), add: [field("quantity", "-\(1 + random.below(9))")],
            base: base, by: by)
    }

    private mutating func price(_ base: Int64, _ by: String) -> OperationDraft {
        let own = Till.products / Till.tills
        let isShared = random.below(Till.sharedPrices) == 0
        let index = isShared ? random.below(Till.products) : (number % Till.tills) * own + random.below(own)
        let old = 95 + random.below(900) * 5
        return OperationDraft(
            .update, "product", id: Till.product(index),
            set: [
                field("price", Till.money(old + 5)), field("priceFrom", "\"2026-01-06\""), field("label", "\"print\""),
            ],
            was: [field("price", Till.money(old)), field("priceFrom", "\"2025-11-02\""), field("label", "\"none\"")],
            base: base, by: by)
    }

    private mutating func newCustomer() -> OperationDraft {
        customers += 1
        let name = Till.surnames[random.below(Till.surnames.count)]
        return OperationDraft(
            .create, "customer", id: recordID("c", customers),
            set: [
                field("name", "\"\(name)\""),
                field("email", "\"\(name.lowercased()).\(number)\(customers)@example.org\""),
                field("phone", "\"+49 30 \(1_000_000 + random.below(8_000_000))\""),
                field("points", "\(random.below(50))"),
            ])
    }

    private mutating func customer(_ base: Int64, _ by: String) -> OperationDraft {
        let phone = 1_000_000 + random.below(8_000_000)
        return OperationDraft(
            .update, "customer", id: recordID("c", 1 + random.below(customers)),
            set: [field("phone", "\"+49 30 \(phone)\""), field("news", random.below(2) == 0 ? "true" : "false")],
            add: [field("points", "\(1 + random.below(30))")], was: [field("phone", "\"+49 30 \(phone / 2)\"")],
            base: base, by: by)
    }

    private mutating func void(_ by: String) -> OperationDraft {
        let recent = min(sales, 300)
        return OperationDraft(
            .update, "sale", id: recordID("", sales - random.below(recent)),
            set: [field("state", "\"void\""), field("reason", "\"customer changed mind\""), field("total", "0.00")],
            was: [field("total", Till.money(95 + random.below(900) * 5))], by: by)
    }

    private mutating func product() -> String { Till.product(random.below(Till.products)) }

    private func recordID(_ kind: String, _ counter: Int) -> String {
        guard hasRandomIDs else { return "\(node)-\(kind)\(Till.digits(counter, 6))" }
        // The same again for the same record.
        let letter = UInt64(kind.utf8.first ?? 0)
        var random = SeededRandom(UInt64(number) << 40 | letter << 32 | UInt64(counter))
        return UniqueID.random(using: &random).text
    }

    static func product(_ index: Int) -> String { "P\(digits(index + 1, 6))" }

    static func id(_ prefix: String, _ number: Int) -> NodeID {
        guard let id = NodeID(prefix + digits(number, 2)) else { preconditionFailure("\(prefix)\(number) is an id") }
        return id
    }

    static func money(_ cents: Int) -> String { "\(cents / 100).\(digits(cents % 100, 2))" }

    static func digits(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static let surnames = ["Okafor", "Lindqvist", "Moreau", "Tanaka", "Kowalski", "Haddad", "Silva", "Novak"]
}

/// A field whose value is JSON already.
func field(_ name: String, _ json: String) -> Field { Field(name, FieldValue(checkedJSON: json)) }

/// What head office lists before the first day: products and inventories.
enum MasterData {
    static func operations(_ seed: UInt64) -> [NumberedOperation] {
        var random = SeededRandom(seed)
        return (0..<Till.products * 2).map { index in
            let id = Till.product(index / 2)
            let draft =
                index.isMultiple(of: 2)
                ? OperationDraft(
                    .create, "product", id: id,
                    set: [
                        field("name", "\"Article \(random.below(9_000_000))\""),
                        field("price", Till.money(95 + random.below(900) * 5)),
                        field("unit", "\"piece\""), field("category", "\"c\(random.below(300))\""), field("vat", "19"),
                    ])
                : OperationDraft(
                    .create, "inventory", id: id, set: [field("location", "\"shelf-\(random.below(40))\"")],
                    add: [field("quantity", "10000000")])
            return NumberedOperation(
                seq: Int64(index + 1), time: HybridTime(milliseconds: 1_767_500_000_000 + Int64(index)), draft: draft)
        }
    }
}
