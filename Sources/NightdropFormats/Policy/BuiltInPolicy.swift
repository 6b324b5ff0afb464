/// The policy that a new central starts with, as text for people. The line `organisation` stands between both parts.
enum BuiltInPolicy {
    static let head = """
        # Which records travel between head office and the tills, which way, and who is right when two people
        # changed the same thing. What is not listed here is carried both ways unchanged, and the later change wins.
        # Raise `version` with every change, check with `nightdrop policy check`, take it over with `nightdrop policy use`.

        version: 1

        """

    static let entities = """

        entities:

          # --- What happened at the till. Only travels up; nothing is ever merged away. ---

          # A sale may still be voided or corrected at its till, so the till is right about it.
          sale:
            direction: up
            priority: 10
            onConflict: terminal-wins
            onDuplicate: keep-both
            controlTotal: total
            fields:
              total: {type: decimal, required: true}
              lines: {type: json}
              customer: {type: text}

          # Money that was taken is never changed afterwards; a refund is a payment of its own.
          payment:
            direction: up
            priority: 10
            immutable: true
            onDuplicate: keep-both
            controlTotal: amount
            fields:
              amount: {type: decimal}
              method: {type: text}
              sale: {type: text}

          # Goods received, moved, counted or thrown away; a mistake is set right by another movement.
          stock_movement:
            direction: up
            priority: 8
            immutable: true
            onDuplicate: keep-both
            controlTotal: quantity
            fields:
              product: {type: text}
              quantity: {type: decimal}
              reason: {type: text}

          # --- What tills and head office both keep up to date. ---

          # Every till adds and takes away; selling more than there is shows as a conflict and is not hidden.
          inventory:
            direction: both
            priority: 8
            onConflict: central-wins
            fields:
              quantity: {type: decimal, merge: counter, min: 0}

          # Tills make customers while they are offline, so two of the same id are two people until somebody looks.
          customer:
            direction: both
            priority: 8
            onConflict: last-write-wins
            onDuplicate: keep-both
            fields:
              name: {type: text}
              address: {type: text}
              email: {type: text, sensitive: true}
              points: {type: integer, merge: counter}
              spent: {type: decimal, merge: counter}

          # A store may correct a name or add a local product; about the price head office is right.
          product:
            direction: both
            priority: 5
            onConflict: last-write-wins
            fields:
              name: {type: text}
              barcode: {type: text}
              category: {type: text}
              brand: {type: text}
              price: {type: decimal, merge: central-wins}

          # The packings of a product are made together with it, so they travel like it.
          product_unit_of_measure:
            direction: both
            priority: 5
            fields:
              product: {type: text}
              unit: {type: text}
              factor: {type: decimal}

          # A kitchen adds the materials that it buys locally.
          material:
            direction: both
            priority: 5
            fields:
              name: {type: text}

          # The packings of a material are made together with it, so they travel like it.
          material_unit_of_measure:
            direction: both
            priority: 5
            fields:
              material: {type: text}
              unit: {type: text}
              factor: {type: decimal}

          # --- What head office decides and tills only read. ---

          # One range of goods for all stores, or reports could not be compared.
          category:
            direction: down
            priority: 3
            fields:
              name: {type: text}

          # The same brand must not be written in two ways.
          brand:
            direction: down
            priority: 3
            fields:
              name: {type: text}

          # Quantities add up only if a litre is the same litre everywhere.
          unit_of_measure:
            direction: down
            priority: 3
            fields:
              name: {type: text}

          # A dish costs and tastes the same in every store.
          recipe:
            direction: down
            priority: 5
            fields:
              name: {type: text}
              product: {type: text}

          # The lines of a recipe travel with it.
          recipe_material:
            direction: down
            priority: 5
            fields:
              recipe: {type: text}
              material: {type: text}
              unit: {type: text}
              quantity: {type: decimal, min: 0}

          # Tax rates, receipt texts and the like are answered for by head office.
          setting:
            direction: down
            priority: 5
            fields:
              value: {type: json}

          # --- What belongs to one store; other stores do not receive it. ---

          # Every dining room has its own tables, and its staff moves them.
          table:
            direction: both
            priority: 5
            scope: store
            fields:
              name: {type: text}
              seats: {type: integer, min: 0}

          # Each store knows best when to order again.
          inventory_configuration:
            direction: both
            priority: 5
            scope: store
            fields:
              minimum: {type: decimal, min: 0}

          # Head office gives each store its prefix, so that no two stores print the same document number.
          document_prefix:
            direction: down
            priority: 8
            scope: store
            fields:
              prefix: {type: text}

        """
}
