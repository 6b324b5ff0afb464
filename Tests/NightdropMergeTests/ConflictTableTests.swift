import NightdropMerge
import NightdropModel
import Testing

/// Every kind of conflict under every rule, in both orders of arrival: what stands, and what is recorded.
///
/// Head office has the price 1. T1 comes with 2, recorded at 10:00, T2 with 3, recorded at 11:00; neither knows of the other. With
/// the rule `union` the prices are lists of one; a `counter` is given by its value. The program of the rule `hook` adds both prices
/// up, and lets no deleted record live. A conflict is written: kind, state, head office's value, what came in, what was decided.
@Suite struct ConflictTableTests {
    static let table = """
        # Both set the price.
        field         | last-write-wins | T1 T2 | 3         | field decided 2 3 3
        field         | last-write-wins | T2 T1 | 3         | field decided 3 2 3
        field         | central-wins    | T1 T2 | 2         | field decided 2 3 2
        field         | central-wins    | T2 T1 | 3         | field decided 3 2 3
        field         | terminal-wins   | T1 T2 | 3         | field decided 2 3 3
        field         | terminal-wins   | T2 T1 | 2         | field decided 3 2 2
        field         | manual          | T1 T2 | 2         | field open 2 3 -
        field         | manual          | T2 T1 | 3         | field open 3 2 -
        field         | hook            | T1 T2 | 5         | field decided 2 3 5
        field         | hook            | T2 T1 | 5         | field decided 3 2 5
        field         | counter         | T1 T2 | 4         |
        field         | counter         | T2 T1 | 4         |
        field         | max             | T1 T2 | 3         |
        field         | max             | T2 T1 | 3         |
        field         | min             | T1 T2 | 1         |
        field         | min             | T2 T1 | 1         |
        field         | union           | T1 T2 | [1,2,3]   |
        field         | union           | T2 T1 | [1,2,3]   |

        # HQ sets 2 instead of T1, at 10:00.
        head office   | last-write-wins | HQ T2 | 3         | field decided 2 3 3
        head office   | last-write-wins | T2 HQ | 3         | field decided 3 2 3
        head office   | central-wins    | HQ T2 | 2         | field decided 2 3 2
        head office   | central-wins    | T2 HQ | 2         | field decided 3 2 2
        head office   | terminal-wins   | HQ T2 | 3         | field decided 2 3 3
        head office   | terminal-wins   | T2 HQ | 2         | field decided 3 2 2
        head office   | manual          | HQ T2 | 2         | field open 2 3 -
        head office   | manual          | T2 HQ | 3         | field open 3 2 -
        head office   | hook            | HQ T2 | 5         | field decided 2 3 5
        head office   | hook            | T2 HQ | 5         | field decided 3 2 5
        head office   | counter         | HQ T2 | 4         |
        head office   | counter         | T2 HQ | 4         |
        head office   | max             | HQ T2 | 3         |
        head office   | max             | T2 HQ | 3         |
        head office   | min             | HQ T2 | 1         |
        head office   | min             | T2 HQ | 1         |
        head office   | union           | HQ T2 | [1,2,3]   |
        head office   | union           | T2 HQ | [1,2,3]   |

        # Both make the product, which head office does not have; one record becomes of it.
        create-create | last-write-wins | T1 T2 | 3         | create-create decided 2 3 3
        create-create | last-write-wins | T2 T1 | 3         | create-create decided 3 2 3
        create-create | central-wins    | T1 T2 | 2         | create-create decided 2 3 2
        create-create | central-wins    | T2 T1 | 3         | create-create decided 3 2 3
        create-create | terminal-wins   | T1 T2 | 3         | create-create decided 2 3 3
        create-create | terminal-wins   | T2 T1 | 2         | create-create decided 3 2 2
        create-create | manual          | T1 T2 | 2         | create-create open 2 3 -
        create-create | manual          | T2 T1 | 3         | create-create open 3 2 -
        create-create | hook            | T1 T2 | 5         | create-create decided 2 3 5
        create-create | hook            | T2 T1 | 5         | create-create decided 3 2 5
        create-create | counter         | T1 T2 | 5         |
        create-create | counter         | T2 T1 | 5         |
        create-create | max             | T1 T2 | 3         |
        create-create | max             | T2 T1 | 3         |
        create-create | min             | T1 T2 | 2         |
        create-create | min             | T2 T1 | 2         |
        create-create | union           | T1 T2 | [2,3]     |
        create-create | union           | T2 T1 | [2,3]     |

        # The same with onDuplicate: keep-both. No rule matters: the second gets a name of its own.
        duplicate     | last-write-wins | T1 T2 | 2, T2 3   | duplicate decided {"price":2} {"price":3} "A~T2"
        duplicate     | last-write-wins | T2 T1 | 3, T1 2   | duplicate decided {"price":3} {"price":2} "A~T1"
        duplicate     | central-wins    | T1 T2 | 2, T2 3   | duplicate decided {"price":2} {"price":3} "A~T2"
        duplicate     | central-wins    | T2 T1 | 3, T1 2   | duplicate decided {"price":3} {"price":2} "A~T1"
        duplicate     | terminal-wins   | T1 T2 | 2, T2 3   | duplicate decided {"price":2} {"price":3} "A~T2"
        duplicate     | terminal-wins   | T2 T1 | 3, T1 2   | duplicate decided {"price":3} {"price":2} "A~T1"
        duplicate     | manual          | T1 T2 | 2, T2 3   | duplicate decided {"price":2} {"price":3} "A~T2"
        duplicate     | manual          | T2 T1 | 3, T1 2   | duplicate decided {"price":3} {"price":2} "A~T1"
        duplicate     | hook            | T1 T2 | 2, T2 3   | duplicate decided {"price":2} {"price":3} "A~T2"
        duplicate     | hook            | T2 T1 | 3, T1 2   | duplicate decided {"price":3} {"price":2} "A~T1"
        duplicate     | counter         | T1 T2 | 2, T2 3   | duplicate decided {"price":2} {"price":3} "A~T2"
        duplicate     | counter         | T2 T1 | 3, T1 2   | duplicate decided {"price":3} {"price":2} "A~T1"
        duplicate     | max             | T1 T2 | 2, T2 3   | duplicate decided {"price":2} {"price":3} "A~T2"
        duplicate     | max             | T2 T1 | 3, T1 2   | duplicate decided {"price":3} {"price":2} "A~T1"
        duplicate     | min             | T1 T2 | 2, T2 3   | duplicate decided {"price":2} {"price":3} "A~T2"
        duplicate     | min             | T2 T1 | 3, T1 2   | duplicate decided {"price":3} {"price":2} "A~T1"
        duplicate     | union           | T1 T2 | [2], T2 [3] | duplicate decided {"price":[2]} {"price":[3]} "A~T2"
        duplicate     | union           | T2 T1 | [3], T1 [2] | duplicate decided {"price":[3]} {"price":[2]} "A~T1"

        # T1 deletes the product. The rules for single fields leave it to last-write-wins whether it lives.
        delete-update | last-write-wins | T1 T2 | 3         | delete-update decided false true true
        delete-update | last-write-wins | T2 T1 | 3         | delete-update decided true false true
        delete-update | central-wins    | T1 T2 | dead 3    | delete-update decided false true false
        delete-update | central-wins    | T2 T1 | 3         | delete-update decided true false true
        delete-update | terminal-wins   | T1 T2 | 3         | delete-update decided false true true
        delete-update | terminal-wins   | T2 T1 | dead 3    | delete-update decided true false false
        delete-update | manual          | T1 T2 | dead 3    | delete-update open false true -
        delete-update | manual          | T2 T1 | 3         | delete-update open true false -
        delete-update | hook            | T1 T2 | dead 3    | delete-update decided false true false
        delete-update | hook            | T2 T1 | dead 3    | delete-update decided true false false
        delete-update | counter         | T1 T2 | 3         | delete-update decided false true true
        delete-update | counter         | T2 T1 | 3         | delete-update decided true false true
        delete-update | max             | T1 T2 | 3         | delete-update decided false true true
        delete-update | max             | T2 T1 | 3         | delete-update decided true false true
        delete-update | min             | T1 T2 | 1         | delete-update decided false true true
        delete-update | min             | T2 T1 | 1         | delete-update decided true false true
        delete-update | union           | T1 T2 | [1,3]     | delete-update decided false true true
        delete-update | union           | T2 T1 | [1,3]     | delete-update decided true false true

        # T1's clock is a day ahead of head office's. Only last-write-wins looks at times.
        clock         | last-write-wins | T1 T2 | 3         | clock decided 2 3 3
        clock         | last-write-wins | T2 T1 | 3         | clock decided 3 2 3
        clock         | central-wins    | T1 T2 | 2         | field decided 2 3 2
        clock         | central-wins    | T2 T1 | 3         | field decided 3 2 3
        clock         | terminal-wins   | T1 T2 | 3         | field decided 2 3 3
        clock         | terminal-wins   | T2 T1 | 2         | field decided 3 2 2
        clock         | manual          | T1 T2 | 2         | field open 2 3 -
        clock         | manual          | T2 T1 | 3         | field open 3 2 -
        clock         | hook            | T1 T2 | 5         | field decided 2 3 5
        clock         | hook            | T2 T1 | 5         | field decided 3 2 5
        clock         | counter         | T1 T2 | 4         |
        clock         | counter         | T2 T1 | 4         |
        clock         | max             | T1 T2 | 3         |
        clock         | max             | T2 T1 | 3         |
        clock         | min             | T1 T2 | 1         |
        clock         | min             | T2 T1 | 1         |
        clock         | union           | T1 T2 | [1,2,3]   |
        clock         | union           | T2 T1 | [1,2,3]   |

        # min: 0, and T2 comes with -3, which only a counter takes: -4 is added. (union holds no numbers to bound.)
        constraint    | last-write-wins | T1 T2 | 2         | constraint open 2 -3 -
        constraint    | last-write-wins | T2 T1 | 2         | constraint open 1 -3 -
        constraint    | central-wins    | T1 T2 | 2         | constraint open 2 -3 -
        constraint    | central-wins    | T2 T1 | 2         | constraint open 1 -3 -
        constraint    | terminal-wins   | T1 T2 | 2         | constraint open 2 -3 -
        constraint    | terminal-wins   | T2 T1 | 2         | constraint open 1 -3 -
        constraint    | manual          | T1 T2 | 2         | constraint open 2 -3 -
        constraint    | manual          | T2 T1 | 2         | constraint open 1 -3 -
        constraint    | hook            | T1 T2 | 2         | constraint open 2 -3 -
        constraint    | hook            | T2 T1 | 2         | constraint open 1 -3 -
        constraint    | counter         | T1 T2 | -2        | constraint open 2 -4 -2
        constraint    | counter         | T2 T1 | -2        | constraint open 1 -4 -3
        constraint    | max             | T1 T2 | 2         | constraint open 2 -3 -
        constraint    | max             | T2 T1 | 2         | constraint open 1 -3 -
        constraint    | min             | T1 T2 | 1         | constraint open 1 -3 -
        constraint    | min             | T2 T1 | 1         | constraint open 1 -3 -

        # type: decimal (a list for union), and T2 comes with the text "x".
        validation    | last-write-wins | T1 T2 | 2         | validation open 2 "x" -
        validation    | last-write-wins | T2 T1 | 2         | validation open 1 "x" -
        validation    | central-wins    | T1 T2 | 2         | validation open 2 "x" -
        validation    | central-wins    | T2 T1 | 2         | validation open 1 "x" -
        validation    | terminal-wins   | T1 T2 | 2         | validation open 2 "x" -
        validation    | terminal-wins   | T2 T1 | 2         | validation open 1 "x" -
        validation    | manual          | T1 T2 | 2         | validation open 2 "x" -
        validation    | manual          | T2 T1 | 2         | validation open 1 "x" -
        validation    | hook            | T1 T2 | 2         | validation open 2 "x" -
        validation    | hook            | T2 T1 | 2         | validation open 1 "x" -
        validation    | counter         | T1 T2 | 2         | validation open 2 "x" -
        validation    | counter         | T2 T1 | 2         | validation open 1 "x" -
        validation    | max             | T1 T2 | 2         | validation open 2 "x" -
        validation    | max             | T2 T1 | 2         | validation open 1 "x" -
        validation    | min             | T1 T2 | 1         | validation open 1 "x" -
        validation    | min             | T2 T1 | 1         | validation open 1 "x" -
        validation    | union           | T1 T2 | [1,2]     | validation open [1,2] "x" -
        validation    | union           | T2 T1 | [1,2]     | validation open [1] "x" -

        # writers: central at the field. HQ sets 2 instead of T1.
        permission    | last-write-wins | HQ T2 | 2         | permission open 2 3 -
        permission    | last-write-wins | T2 HQ | 2         | permission open 1 3 -
        permission    | central-wins    | HQ T2 | 2         | permission open 2 3 -
        permission    | central-wins    | T2 HQ | 2         | permission open 1 3 -
        permission    | terminal-wins   | HQ T2 | 2         | permission open 2 3 -
        permission    | terminal-wins   | T2 HQ | 2         | permission open 1 3 -
        permission    | manual          | HQ T2 | 2         | permission open 2 3 -
        permission    | manual          | T2 HQ | 2         | permission open 1 3 -
        permission    | hook            | HQ T2 | 2         | permission open 2 3 -
        permission    | hook            | T2 HQ | 2         | permission open 1 3 -
        permission    | counter         | HQ T2 | 2         | permission open 2 3 -
        permission    | counter         | T2 HQ | 2         | permission open 1 3 -
        permission    | max             | HQ T2 | 2         | permission open 2 3 -
        permission    | max             | T2 HQ | 2         | permission open 1 3 -
        permission    | min             | HQ T2 | 1         | permission open 1 3 -
        permission    | min             | T2 HQ | 1         | permission open 1 3 -
        permission    | union           | HQ T2 | [1,2]     | permission open [1,2] [3] -
        permission    | union           | T2 HQ | [1,2]     | permission open [1] [3] -
        """

    struct Row: CustomTestStringConvertible, Sendable {
        let kind: String
        let rule: String
        let order: [String]
        let stands: String
        let conflict: String

        var testDescription: String { "\(kind), \(rule), \(order.joined(separator: " before "))" }

        init?(_ line: Substring) {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
                String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard cells.count == 5 else { return nil }
            (kind, rule, stands, conflict) = (cells[0], cells[1], cells[3], cells[4])
            order = cells[2].split(separator: " ").map(String.init)
        }
    }

    static let rows = table.split(separator: "\n").compactMap(Row.init)

    /// Nothing is left out: nine rules and both orders for each kind, but for the bounds of lists.
    @Test func theTableIsWhole() {
        let kinds = Dictionary(grouping: Self.rows, by: \.kind).mapValues(\.count)
        #expect(kinds.count == 9)
        for (kind, count) in kinds { #expect(count == (kind == "constraint" ? 16 : 18), "\(kind)") }
        #expect(Set(Self.rows.map(\.rule)) == Set(MergeRule.allCases.map(\.rawValue)))
        #expect(Set(Self.rows.map(\.testDescription)).count == Self.rows.count)
    }

    @Test(arguments: rows) func outcome(_ row: Row) throws {
        let desk = try MergeDesk(policy(row))
        desk.hook = { question in
            guard let central = question.central.value.decimal, let incoming = question.incoming.value.decimal,
                let sum = central.adding(incoming)
            else { return .value(.boolean(false)) }
            return .value(.decimal(sum))
        }
        if row.kind != "create-create" && row.kind != "duplicate" {
            let first = value("1", row)
            try desk.merge(
                "HQ",
                [
                    row.rule == "counter"
                        ? create("product", "A", [], add: [("price", "1")]) : create("product", "A", [("price", first)])
                ], at: -48 * Self.hour)
        }
        for node in row.order {
            let ahead = row.kind == "clock" && node == "T1"
            let time = ahead ? 24 * Self.hour : (node == "T2" ? 11 : 10) * Self.hour - 24 * Self.hour
            try desk.merge(node, [change(of: node, row)], at: time)
        }
        let records = try ["A", "A~T1", "A~T2"].compactMap { id -> String? in
            let suffix = id.split(separator: "~").dropFirst().first.map { "\($0) " } ?? ""
            return try desk.show("product", id).map { shown in
                suffix + shown.replacing("{\"price\":", with: "").replacing("}", with: "")
            }
        }
        #expect(records.joined(separator: ", ") == row.stands)
        let conflicts = try desk.conflicts().map { line in
            line.split(separator: " ", maxSplits: 3).enumerated().filter { $0.offset != 2 }.map { String($0.element) }
                .joined(separator: " ")
        }
        #expect(conflicts == (row.conflict.isEmpty ? [] : [row.conflict]))
        // A till learns what became of its operation; head office looks at the conflicts themselves.
        if let last = row.order.last, last != "HQ", !conflicts.isEmpty, row.kind != "permission",
            row.kind != "constraint",
            row.kind != "validation"
        {
            #expect(try desk.notices(last).count == 1)
        }
    }

    private static let hour: Int64 = 3_600_000

    private func policy(_ row: Row) -> String {
        let isForFields = ["counter", "max", "min", "union"].contains(row.rule)
        var entity = isForFields ? "" : "onConflict: \(row.rule), "
        if row.rule == "hook" { entity += "hook: sum, " }
        if row.kind == "duplicate" { entity += "onDuplicate: keep-both, " }
        var field = isForFields ? ["merge: \(row.rule)"] : []
        if row.kind == "constraint" { field.append("min: 0") }
        if row.kind == "validation" && row.rule != "union" { field.append("type: decimal") }
        if row.kind == "permission" { field.append("writers: central") }
        return "  product: {\(entity)fields: {price: {\(field.joined(separator: ", "))}}}"
    }

    private func value(_ number: String, _ row: Row) -> String { row.rule == "union" ? "[\(number)]" : number }

    private func change(of node: String, _ row: Row) -> OperationDraft {
        let number = node == "T2" ? "3" : "2"
        switch row.kind {
        case "create-create", "duplicate":
            return row.rule == "counter"
                ? create("product", "A", [], add: [("price", number)])
                : create("product", "A", [("price", value(number, row))])
        case "delete-update" where node == "T1": return delete("product", "A", base: 1)
        case "constraint" where node == "T2" && row.rule == "counter":
            return update("product", "A", add: [("price", "-4")], base: 1)
        case "constraint" where node == "T2": return set("-3", row)
        case "validation" where node == "T2": return set(#""x""#, row)
        default: return set(value(number, row), row)
        }
    }

    private func set(_ value: String, _ row: Row) -> OperationDraft {
        update("product", "A", [("price", value)], was: [("price", self.value("1", row))], base: 1)
    }
}
