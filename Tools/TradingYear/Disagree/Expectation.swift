import Nightdrop

/// A disagreement that must be found, or was.
struct Disagreement: Hashable, CustomStringConvertible {
    let product: String
    let field: String
    /// Whose value came in.
    let node: String
    let base: String
    let central: String
    let incoming: String
    let decided: String?

    var description: String {
        "\(product) \(field): \(node) wrote \(incoming) over \(central), from \(base), decided \(decided ?? "by nobody")"
    }
}

/// What must come of the edits of one day, worked out without Nightdrop.
struct Expectation {
    /// A field of a product.
    struct Place: Hashable {
        let product: String
        let field: String
    }

    /// What was edited where, by node.
    private(set) var edits: [String: [Place: String]] = [:]

    mutating func edit(_ place: Place, by node: String, _ value: String) { edits[node, default: [:]][place] = value }

    /// The disagreements, if head office edits first and the tills' bundles come in the given order. `before` are the values
    /// from which all started.
    func disagreements(tills: [String], before: (Place) -> String) -> Set<Disagreement> {
        var found: Set<Disagreement> = []
        let central = edits["HQ"] ?? [:]
        for place in Set(edits.values.flatMap(\.keys)) {
            let base = before(place)
            var present = central[place]
            for till in tills {
                guard let incoming = edits[till]?[place] else { continue }
                guard let standing = present else {
                    present = incoming
                    continue
                }
                guard !Expectation.areEqual(incoming, standing) else { continue }
                found.insert(
                    Disagreement(
                        product: place.product, field: place.field, node: till, base: base, central: standing,
                        incoming: incoming, decided: place.field == "price" ? standing : nil))
            }
        }
        return found
    }

    /// Whether two values are the same, numbers by value.
    static func areEqual(_ value: String, _ other: String) -> Bool {
        guard let left = ExactDecimal(value), let right = ExactDecimal(other) else { return value == other }
        return left == right
    }

    /// What stands afterwards, where that changed.
    func outcome(tills: [String]) -> [Place: String] {
        var outcome = edits["HQ"] ?? [:]
        for till in tills {
            for (place, value) in edits[till] ?? [:] where outcome[place] == nil { outcome[place] = value }
        }
        return outcome
    }
}
