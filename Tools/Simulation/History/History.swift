import Foundation
import Nightdrop
import NightdropStore

/// A random history of a chain of real nodes: tills trade, close, export and take in, some of them offline for long;
/// carriers lose, double and delay bundles; head office merges what happens to lie there, trades and decides; policies and
/// subscriptions change.
///
/// The same seed gives the same steps; times differ.
public final class History {
    private let chain: SimulatedChain
    private let carrier: Carrier
    private var random: SeededNumbers
    private var policy: RandomPolicy
    private var trading: Trading
    private var findings: [String] = []
    /// Whether head office takes back bundles in between.
    private let undoes: Bool
    /// When head office is backed up and restored; nil for never. Drawn by itself, so that all else is as without.
    private var fate: Fate?

    /// A history that has not begun; its nodes live below `directory` as long as it does.
    ///
    /// - Parameter restores: Whether head office is lost now and then, and a backup takes its place.
    public init(seed: UInt64, in directory: String, restores: Bool = false) throws {
        fate = restores ? Fate(seed) : nil
        random = SeededNumbers(seed)
        let isOrderFree = random.oneIn(2)
        undoes = random.oneIn(4)
        policy = RandomPolicy(isOrderFree: isOrderFree, &random)
        chain = try SimulatedChain(
            in: directory, tills: Int.random(in: 2...4, using: &random), policy: policy)
        carrier = try Carrier(root: chain.root)
        trading = Trading(chain: chain)
    }

    /// In memory where that is possible: what a power cut does, other tests try.
    public static var defaultDirectory: String {
        let memory = "/dev/shm"
        let isThere = FileManager.default.isWritableFile(atPath: memory)
        return isThere ? memory : FileManager.default.temporaryDirectory.path
    }

    /// Lets it happen. Returns what should not be, a sentence each.
    public func run() throws -> [String] {
        for _ in 0..<Int.random(in: 1...3, using: &random) + (fate == nil ? 0 : 2) {
            // A till that is offline only trades.
            let offline = Set(chain.tills.indices.filter { _ in random.oneIn(3) })
            for _ in 0..<Int.random(in: 10...40, using: &random) { try step(offline) }
            if policy.isOrderFree, fate == nil { try arriveInAnyOrder() }
            if random.oneIn(4) {
                policy.draw(&random)
                try chain.use(policy)
            }
            try fate?.strike(chain)
        }
        try settle()
        try check()
        return findings
    }

    private func step(_ offline: Set<Int>) throws {
        let index = Int.random(in: chain.tills.indices, using: &random)
        let till = chain.tills[index]
        let kind = Int.random(in: 0..<26, using: &random)
        if kind < 12 || offline.contains(index) { return try trading.trade(till, &random) }
        switch kind {
        case 12: try trading.tradeAtCentral(&random)
        case 13: _ = try till.close(day: "2026-11-\(Int.random(in: 10...28, using: &random))", to: chain.exchange)
        case 14, 15: _ = try till.export(to: chain.exchange)
        case 16: try carrier.lose(&random)
        case 17: try carrier.bringBack(&random)
        case 18, 19: try merge()
        case 20, 21: _ = try till.take([chain.exchange])
        case 22: try trading.review(&random)
        case 23 where undoes: try undo()
        case 24: try chain.central.tidy()
        default: try restart(index)
        }
    }

    private func merge() throws {
        try carrier.keepAll()
        let answer = random.oneIn(2) ? chain.exchange : nil
        // All that lies there, or some of it.
        let files = try carrier.bundles(for: "HQ").filter { _ in random.oneIn(2) }
        _ = try chain.central.merge(random.oneIn(2) ? [chain.exchange] : files, returnTo: answer)
        if random.oneIn(3) { try chain.central.tidy() }
    }

    /// Head office takes back what a bundle brought, or puts it back.
    private func undo() throws {
        let bundles = try mergedBundles()
        guard !bundles.isEmpty else { return }
        let report = try chain.central.undo(random.one(of: bundles), by: "Clara")
        chain.note(report)
        if let earlier = report.alreadyUndoneBy { chain.note(try chain.central.undo(earlier, by: "Dora")) }
    }

    /// The bundles that brought something, the first first.
    private func mergedBundles() throws -> [String] {
        var filter = LogFilter()
        filter.changes = false
        var bundles: [String] = []
        try chain.central.log(filter, limit: 10_000) { entry in
            if case .event(let event) = entry, event.kind == "merge", let bundle = event.bundle {
                bundles.append(bundle)
            }
        }
        return bundles
    }

    private func restart(_ index: Int) throws {
        if random.oneIn(3) { try chain.restartCentral() }
        let wish: [String]?? = random.oneIn(3) ? .some(random.one(of: [nil, ["note", "product"], []])) : nil
        try chain.restartTill(index, receiving: wish)
    }

    /// The bundles of all tills reach head office in two orders; it must not matter.
    private func arriveInAnyOrder() throws {
        for till in chain.tills { _ = try till.close(day: "2026-11-29", to: chain.exchange) }
        let files = try carrier.bundles(for: "HQ")
        var images: [[String]] = []
        for name in ["HQ-1", "HQ-2"] {
            let central = try chain.copyOfCentral(name)
            for file in files.shuffled(using: &random) { _ = try central.merge([file]) }
            images.append(try Images.all(central))
        }
        _ = try chain.central.merge([chain.exchange])
        images.append(try Images.all(chain.central))
        for other in images.dropFirst() {
            if let difference = Images.difference(images[0], other) {
                findings.append("another order of arrival gives another result: \(difference)")
            }
        }
    }

    /// Everyone exchanges until nobody has anything new.
    private func settle() throws {
        for _ in 0..<3 {
            for till in chain.tills { _ = try till.export(to: chain.exchange) }
            if Fate.isStrange(try chain.central.merge([chain.exchange])) {
                // Only a person can say which head office is the right one.
                _ = try chain.central.declareRestored()
                _ = try chain.central.merge([chain.exchange])
            }
            try carrier.keepAll()
            _ = try chain.central.writeReturns(to: chain.exchange)
            for till in chain.tills { _ = try till.take([chain.exchange]) }
        }
    }

    private func check() throws {
        let checks = Checks(chain: chain)
        findings += try checks.tillsAgree() + checks.storeAddsUp()
        // What head office itself had recorded is not all there any more.
        if fate == nil { findings += try checks.everythingIsAccountedFor() }
        if !undoes { findings += try checks.nothingIsLostOrDoubled() }
        findings += try checks.nothingComesTwice(carrier.everything().shuffled(using: &random))
        findings += try checks.tillsAgree().map { $0 + " after everything came again" }
    }
}
