/// The rules under which the year is traded.
enum TradingPolicy {
    static let organisation = "Online Retail"

    static let text = """
        version: 1
        organisation: \(organisation)
        entities:
          # An invoice; its number is the id. A refund is a sale with a negative total.
          sale:
            direction: up
            priority: 10
            onConflict: terminal-wins
            onDuplicate: keep-both
            controlTotal: total
            fields:
              total: {type: decimal, required: true}
              lines: {type: json, required: true}
              customer: {type: text}
              till: {type: text}
              at: {type: text}
          # Damaged, thrown away, counted.
          stock_movement:
            direction: up
            priority: 8
            immutable: true
            onDuplicate: keep-both
            controlTotal: quantity
            fields:
              quantity: {type: integer, required: true}
          # What a store has of an article, from nothing.
          inventory:
            direction: both
            scope: store
            priority: 8
            fields:
              quantity: {type: integer, merge: counter}
          customer:
            direction: both
            priority: 8
            onConflict: last-write-wins
            onDuplicate: merge
            fields:
              country: {type: text}
              spent: {type: decimal, merge: counter}
              invoices: {type: integer, merge: counter}
          product:
            direction: both
            priority: 5
            onConflict: last-write-wins
            fields:
              price: {type: decimal, merge: central-wins}

        """

    /// In the order in which the checks look at them.
    static let received = ["product", "customer", "inventory"]
    static let facts = ["sale", "stock_movement"]
}
