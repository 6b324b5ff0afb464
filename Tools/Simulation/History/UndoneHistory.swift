import Foundation
import Nightdrop

/// A random history in which head office takes back what bundles brought, and puts it back.
///
/// The same seed gives the same steps; times differ.
public final class UndoneHistory {
    private let chain: SimulatedChain
    private let carrier: Carrier
    private var random: SeededNumbers
    private var trading: Trading
    /// The bundles that brought something, in the order in which they were merged.
    private var merged: [String] = []

    /// A history that has not begun; its nodes live below `directory` as long as it does.
    public init(seed: UInt64, in directory: String) throws {
        random = SeededNumbers(seed)
        let policy = RandomPolicy(isOrderFree: false, &random)
        chain = try SimulatedChain(in: directory, tills: 2, policy: policy)
        carrier = try Carrier(root: chain.root)
        trading = Trading(chain: chain)
    }

    /// Lets it happen. Returns what should not be, a sentence each.
    public func run() throws -> [String] {
        for _ in 0..<60 {
            let till = random.one(of: chain.tills)
            switch Int.random(in: 0..<12, using: &random) {
            case 0: try exchange()
            case 1: try trading.tradeAtCentral(&random)
            case 2: try trading.review(&random)
            case 3: try undo()
            case 4: try chain.central.tidy()
            default: try trading.trade(till, &random)
            }
        }
        for _ in 0..<3 { try exchange() }
        let findings = try undoTheLast()
        for _ in 0..<3 { try exchange() }
        let checks = Checks(chain: chain)
        return try findings + checks.tillsAgree() + checks.storeAddsUp()
    }

    private func exchange() throws {
        for till in chain.tills { _ = try till.export(to: chain.exchange) }
        let report = try chain.central.merge([chain.exchange])
        merged += report.bundles.filter { $0.outcome == .merged && $0.new > 0 }.map(\.file)
        _ = try chain.central.writeReturns(to: chain.exchange)
        for till in chain.tills { _ = try till.take([chain.exchange]) }
    }

    private func undo() throws {
        guard !merged.isEmpty else { return }
        if let earlier = try chain.central.undo(random.one(of: merged), by: "Clara").alreadyUndoneBy {
            _ = try chain.central.undo(earlier, by: "Dora")
        }
    }

    /// What is undone right after it was merged leaves what was there before, but for what cannot go back; put back, it
    /// leaves what was there then.
    private func undoTheLast() throws -> [String] {
        let before = try values()
        for till in chain.tills { for _ in 0..<5 { try trading.trade(till, &random) } }
        let known = merged.count
        try exchange()
        let after = try values()
        var findings: [String] = []
        var kept: Set<String> = []
        for bundle in merged[known...].reversed() {
            for stays in try chain.central.undo(bundle, by: "Clara").kept {
                kept.insert("\(stays.entity) \(stays.id) \(stays.field ?? "")")
            }
        }
        let isWhole = kept.isEmpty
        if isWhole, let difference = Images.difference(try values(), before) {
            findings.append("an undo does not lead back: \(difference)")
        }
        for bundle in merged[known...] {
            guard let undone = try chain.central.undo(bundle, by: "Dora").alreadyUndoneBy else { continue }
            _ = try chain.central.undo(undone, by: "Dora")
        }
        if isWhole, let difference = Images.difference(try values(), after) {
            findings.append("an undo that is undone does not lead back: \(difference)")
        }
        return findings
    }

    /// What head office has; fields that say nothing are left out, and counters of nothing.
    private func values() throws -> [String] {
        try Images.all(chain.central).map { line in
            line.split(separator: " ").filter { !$0.hasSuffix("=null") && !$0.hasSuffix("=0") }.joined(separator: " ")
        }
    }
}
