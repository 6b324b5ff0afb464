import Foundation
import NightdropFormats
import NightdropModel
import Testing

/// For the rules that promise it, records and values do not depend on the order in which tills' bundles arrive, nor on how
/// they are packed into transactions.
///
/// A failure prints its seed; `NIGHTDROP_SEED=<seed> swift test --filter OrderPropertyTests` replays it.
@Suite struct OrderPropertyTests {
    static let policy = """
          product: {fields: {points: {merge: counter}, high: {merge: max}, low: {merge: min}, tags: {merge: union}}}
          sale: {direction: up, onConflict: last-write-wins}
        """

    static let seeds: [UInt64] =
        ProcessInfo.processInfo.environment["NIGHTDROP_SEED"].flatMap { UInt64($0) }.map { [$0] }
        ?? (0..<150).map { _ in UInt64.random(in: 1...UInt64(1) << 40) }

    @Test(arguments: seeds) func anyOrderGivesTheSame(_ seed: UInt64) throws {
        var generator = SplitMix(seed)
        let nodes = ["HQ", "T1", "T2", "T3"]
        let histories = nodes.map { node in
            (0..<Int.random(in: 1...12, using: &generator)).map { _ in operation(node, &generator) }
        }
        var results: [[String]] = []
        for _ in 0..<3 {
            let desk = try MergeDesk(Self.policy)
            var rest = histories.map { ArraySlice($0) }
            while rest.contains(where: { !$0.isEmpty }) {
                // One transaction takes some operations of some nodes, each in its own order.
                var runs: [(node: String, drafts: [(OperationDraft, Int64)])] = []
                for index in nodes.indices.shuffled(using: &generator) where Bool.random(using: &generator) {
                    let taken = rest[index].prefix(Int.random(in: 0...5, using: &generator))
                    rest[index] = rest[index].dropFirst(taken.count)
                    if !taken.isEmpty { runs.append((nodes[index], Array(taken))) }
                }
                if !runs.isEmpty { try desk.merge(runs) }
            }
            results.append(try state(of: desk))
        }
        #expect(results[0] == results[1], "seed \(seed)")
        #expect(results[0] == results[2], "seed \(seed)")
    }

    private func operation(_ node: String, _ generator: inout SplitMix) -> (OperationDraft, Int64) {
        let time = Int64.random(in: -10_000...0, using: &generator)
        let id = ["A", "B"].randomElement(using: &generator) ?? "A"
        let value = String(Int.random(in: 0...4, using: &generator))
        switch Int.random(in: 0...9, using: &generator) {
        case 0: return (create("product", id, [("price", value), ("name", "\"\(value)\"")], base: 0), time)
        case 1:
            return (create("product", id, [("high", value), ("low", value)], add: [("points", value)], base: 0), time)
        case 2:
            return (
                create("sale", "S-\(id)", [("total", String(node == "T1" || node == "T2" ? 1 : 2)), ("line", value)]),
                time
            )
        default:
            // Each begins by making what it changes, so that nothing depends on whose create comes first.
            let tags = "[\"\(value)\"]"
            return (
                create(
                    "product", id,
                    [
                        (Bool.random(using: &generator) ? "price" : "name", value), ("tags", tags), ("high", value),
                        ("low", value),
                    ],
                    add: [("points", value)], base: 0), time
            )
        }
    }

    private func state(of desk: MergeDesk) throws -> [String] {
        let products = try desk.contents("product", ids: ["A", "B"])
        // Which of two sales bears the suffix may differ; that both are there may not.
        let suffixes = ["", "~HQ", "~T1", "~T2", "~T3"].flatMap { node in
            ["", "~2", "~3", "~4", "~5", "~6", "~7", "~8", "~9"].map { node + (node.isEmpty ? "" : $0) }
        }
        let sales = try ["S-A", "S-B"].flatMap { id in
            try Set(suffixes).compactMap { try desk.show("sale", id + $0).map { "\(id) \($0)" } }.sorted()
        }
        return products + sales
    }
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
