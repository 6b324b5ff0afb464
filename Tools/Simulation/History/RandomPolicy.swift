/// A policy with rules drawn at random.
struct RandomPolicy {
    /// Whether only rules occur whose outcome does not depend on the order in which tills' bundles arrive.
    let isOrderFree: Bool
    private(set) var version = 0
    /// The policy as YAML.
    private(set) var text = ""

    /// All entities that occur; the policy does not name the last one.
    static let entities = ["sale", "product", "customer", "note", "table", "memo"]

    init(isOrderFree: Bool, _ random: inout SeededNumbers) {
        self.isOrderFree = isOrderFree
        draw(&random)
    }

    /// Draws other rules, as the next version.
    mutating func draw(_ random: inout SeededNumbers) {
        version += 1
        let rules = isOrderFree ? ["last-write-wins"] : ["last-write-wins", "central-wins", "terminal-wins", "manual"]
        text = """
            version: \(version)
            organisation: Corner Shops
            entities:
              sale: {direction: up, controlTotal: total, onConflict: terminal-wins}
              product:
                onConflict: \(random.one(of: rules))
                fields:
                  price: {type: decimal, merge: \(random.one(of: rules))}
                  stock: {type: integer, merge: counter}
                  low: {type: integer, merge: min}
                  high: {type: integer, merge: max}
                  tags: {type: json, merge: union}
              customer:
                onDuplicate: \(random.one(of: ["keep-both", "merge"]))
                onConflict: \(random.one(of: rules))
                fields: {points: {type: integer, merge: counter}}
              note: {onConflict: \(random.one(of: rules))}
              table: {scope: store, onConflict: \(random.one(of: rules))}

            """
    }
}
