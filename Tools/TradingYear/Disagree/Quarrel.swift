import Foundation
import Nightdrop

/// Two tills and head office edit prices and names of the day's products while offline, day by day; then they exchange, and
/// what was found must be what they disagreed about: all of it, and nothing else.
struct Quarrel {
    private static let tills = ["T01", "T02"]

    private let work: WorkDirectory
    private let central: Central
    private var tills: [String: Terminal] = [:]
    private var random: SplitNumbers
    private var values: [Expectation.Place: String] = [:]
    private(set) var differences: [String] = []
    private(set) var edits = 0
    private(set) var found = 0

    init(_ work: WorkDirectory, seed: UInt64) throws {
        self.work = work
        random = SplitNumbers(state: seed)
        try Data(EditingPolicy.text.utf8).write(to: URL(fileURLWithPath: work.policy))
        central = try Central.create(
            at: work.central, id: try Quarrel.id("HQ"), organisation: EditingPolicy.organisation, policy: work.policy)
        for name in Quarrel.tills {
            let (till, request) = try Terminal.create(
                at: work.path + "/" + name, id: try Quarrel.id(name), store: try Quarrel.id("S1"))
            _ = try till.take([try central.enroll(request, to: work.exchange).grant])
            tills[name] = till
        }
    }

    /// A day: new products come from head office, everybody edits without knowing of the others, everybody exchanges.
    mutating func day(_ rows: [Row]) throws {
        try take(rows)
        let products = Set(rows.map(\.code)).sorted()
        let prices = Set(rows.map(\.price)).sorted()
        let names = Set(rows.map(\.name)).sorted()
        var expectation = Expectation()
        for product in products {
            for (field, choice) in [("price", prices), ("name", names)] {
                // Few values, so that some agree by chance.
                let offers = (0..<3).map { _ in choice[Int.random(in: choice.indices, using: &random)] }
                let place = Expectation.Place(product: product, field: field)
                for node in ["HQ"] + Quarrel.tills where Int.random(in: 0..<3, using: &random) == 0 {
                    let value =
                        field == "price" ? offers[Int.random(in: 0..<3, using: &random)] : quoted(offers[0] + node)
                    guard !Expectation.areEqual(value, values[place] ?? "") else { continue }
                    expectation.edit(place, by: node, value)
                }
            }
        }
        try carryOut(expectation)
    }

    /// At the end everybody shows the same.
    mutating func check() throws {
        let theirs = try Quarrel.image { try central.records("product", $0) }
        for (name, till) in tills.sorted(by: { $0.key < $1.key }) {
            let mine = try Quarrel.image { try till.records("product", $0) }
            if mine != theirs { differences.append("\(name) shows other products than head office") }
        }
    }

    private mutating func take(_ rows: [Row]) throws {
        var drafts: [OperationDraft] = []
        for (product, rows) in Dictionary(grouping: rows, by: \.code).sorted(by: { $0.key < $1.key }) {
            let place = Expectation.Place(product: product, field: "price")
            guard values[place] == nil, let row = rows.first else { continue }
            values[place] = row.price
            values[Expectation.Place(product: product, field: "name")] = quoted(row.name)
            drafts.append(
                OperationDraft(
                    .create, "product", id: product,
                    set: [
                        Field("name", FieldValue(checkedJSON: quoted(row.name))),
                        Field("price", FieldValue(checkedJSON: row.price)),
                    ]))
        }
        if !drafts.isEmpty { _ = try central.record(drafts) }
        try exchange(Quarrel.tills)
    }

    private mutating func carryOut(_ expectation: Expectation) throws {
        let last = try central.merge([]).csn
        for (node, fields) in expectation.edits.sorted(by: { $0.key < $1.key }) {
            for (place, value) in fields.sorted(by: { ($0.key.product, $0.key.field) < ($1.key.product, $1.key.field) })
            {
                let draft = OperationDraft(
                    .update, "product", id: place.product,
                    set: [Field(place.field, FieldValue(checkedJSON: value))])
                if let till = tills[node] { _ = try till.record(draft) } else { _ = try central.record(draft) }
                edits += 1
            }
        }
        let order = Quarrel.tills.shuffled(using: &random)
        for name in order {
            _ = try tills[name]?.close(to: work.exchange)
            _ = try central.merge([work.exchange])
        }
        let expected = expectation.disagreements(tills: order) { values[$0] ?? "" }
        let conflicts = try conflicts(after: last)
        found += conflicts.count
        let reported = Set(conflicts)
        if reported.count != conflicts.count { differences.append("a disagreement is listed twice") }
        differences += expected.subtracting(reported).map { "not found: \($0)" }
        differences += reported.subtracting(expected).map { "invented: \($0)" }
        for (place, value) in expectation.outcome(tills: order) { values[place] = value }
        try decide()
        try exchange(Quarrel.tills)
    }

    /// A person leaves what stands wherever the rule is to ask one.
    private func decide() throws {
        var open: [Int64] = []
        try central.conflicts { open.append($0.number) }
        for number in open { _ = try central.resolve(number, .central, by: "Clara") }
    }

    private func exchange(_ names: [String]) throws {
        _ = try central.writeReturns(to: work.exchange)
        for name in names { _ = try tills[name]?.take([work.exchange]) }
    }

    private func conflicts(after csn: Int64) throws -> [Disagreement] {
        var found: [Disagreement] = []
        try central.conflicts(ConflictFilter(all: true, after: csn)) { row in
            found.append(
                Disagreement(
                    product: row.id, field: row.field ?? "", node: row.node, base: row.base ?? "",
                    central: row.central ?? "", incoming: row.incoming ?? "", decided: row.decided))
        }
        return found
    }

    private func quoted(_ text: String) -> String { JSONString.quoted(text) }

    private static func image(_ records: ((Record) throws -> Void) throws -> Void) rethrows -> [String] {
        var lines: [String] = []
        try records { record in
            lines.append(record.id + " " + record.fields.map { "\($0.name)=\($0.value.json)" }.sorted().joined())
        }
        return lines.sorted()
    }

    private static func id(_ text: String) throws -> NodeID {
        guard let id = NodeID(text) else { throw Failure("\(text) is no id") }
        return id
    }
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct SplitNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
