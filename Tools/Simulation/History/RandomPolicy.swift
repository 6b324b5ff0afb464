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
        let rules =
            isOrderFree
            ? ["last-write-wins"]
            : ["last-write-wins", "central-wins", "terminal-wins", "manual", "hook, hook: \(RandomPolicy.hook)"]
        func rule() -> String { random.one(of: rules) }
        // A later version may forbid what tills have recorded under the one before.
        func perhaps(_ strict: String) -> String { !isOrderFree && random.oneIn(3) ? strict : "" }
        text = """
            version: \(version)
            organisation: Corner Shops
            entities:
              sale:
                direction: up
                controlTotal: total
                onConflict: terminal-wins
                fields: {total: {type: decimal\(perhaps(", max: 50"))}}
              product: {onConflict: \(rule()), fields: {
                  price: {type: decimal, merge: \(rule())\(perhaps(", min: 4"))},
                  name: {type: json\(perhaps(", writers: central"))},
                  stock: {type: integer, merge: counter},
                  low: {type: integer, merge: min},
                  high: {type: integer, merge: max},
                  tags: {type: json, merge: union}}}
              customer: {
                onDuplicate: \(random.one(of: ["keep-both", "merge"])),
                onConflict: \(rule()),
                fields: {points: {type: integer, merge: counter}}}
              note: {onConflict: \(rule())\(perhaps(", immutable: true")), fields: {text: {type: json\(perhaps(", required: true"))}}}
              table: {scope: store, onConflict: \(rule())\(perhaps(", writers: central"))}

            """
    }

    /// The name of the hook that decides, where the policy says so.
    static let hook = "any"
}
