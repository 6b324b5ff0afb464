import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore
import Testing

/// A chain whose head office is backed up one day, works on, and is lost.
final class Disaster {
    static let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          sale: {direction: up, immutable: true, onDuplicate: keep-both, controlTotal: total, fields: {total: {type: decimal}}}
          product:
            fields: {price: {type: decimal, merge: central-wins}, stock: {type: decimal, merge: counter}, note: {merge: manual}}
          customer: {onDuplicate: keep-both}
          table: {scope: store}
        """

    let chain: Chain
    let tills: [String: Terminal]
    /// Whoever is head office now.
    private(set) var central: Central
    /// All sales that were ever recorded.
    private(set) var sales: [String] = []
    private var backups = 0
    private(set) var path: String

    init() throws {
        chain = try Chain(policy: Disaster.policy)
        central = chain.central
        path = chain.path("HQ")
        for id in ["A", "B"] {
            _ = try central.record(
                OperationDraft(
                    .create, "product", id: id, set: set(["price": "2.50"]), add: set(["stock": "100"])))
        }
        var tills: [String: Terminal] = [:]
        for (id, store) in [("T1", "S1"), ("T2", "S1"), ("T3", "S2")] { tills[id] = try chain.till(id, store: store) }
        self.tills = tills
    }

    func till(_ id: String) throws -> Terminal { try #require(tills[id]) }

    /// A sale of one A, with what goes off the stock.
    func sell(_ id: String, _ count: Int = 1) throws {
        for _ in 0..<count {
            let name = "\(id)-\(sales.count + 1)"
            _ = try till(id).record([
                OperationDraft(.create, "sale", id: name, set: set(["total": "2.50"])),
                OperationDraft(.update, "product", id: "A", add: set(["stock": "-1"])),
            ])
            sales.append(name)
        }
    }

    /// An evening: all tills close, head office merges and answers, all tills take it.
    @discardableResult
    func evening(_ day: Int) throws -> MergeReport {
        for id in tills.keys.sorted() { _ = try till(id).close(day: "2026-11-\(day)", to: chain.exchange) }
        let report = try central.merge([chain.exchange], returnTo: chain.exchange)
        try take()
        return report
    }

    /// Everybody meets once more, with nothing recorded in between.
    @discardableResult
    func meet() throws -> [MergeReport] {
        try (0..<3).map { _ in
            for id in tills.keys.sorted() { _ = try till(id).export(to: chain.exchange) }
            let report = try central.merge([chain.exchange], returnTo: chain.exchange)
            try take()
            return report
        }
    }

    func take() throws {
        for id in tills.keys.sorted() { _ = try till(id).take([chain.exchange]) }
    }

    /// A copy of head office's directory, as it is now.
    func backUp() throws -> String {
        backups += 1
        let copy = chain.path("backup\(backups)")
        try chain.copyNode(URL(fileURLWithPath: path).lastPathComponent, to: copy)
        return copy
    }

    /// Head office is lost, and a backup takes its place. What was on the share stays there.
    func restore(_ backup: String) throws {
        path = chain.path("restored\(UUID().uuidString.prefix(8))")
        try FileManager.default.copyItem(atPath: backup, toPath: path)
        central = try Central(at: path)
    }

    func open(_ kind: String? = nil) throws -> [ConflictRow] {
        var open: [ConflictRow] = []
        try central.conflicts { if kind == nil || $0.kind == kind { open.append($0) } }
        return open
    }

    /// All tills show what head office has, every sale is there once, nothing is pending, and the store proves itself.
    func agree(sourceLocation: SourceLocation = #_sourceLocation) throws {
        for entity in ["product", "customer"] {
            let expected = try Chain.show { try central.records(entity, $0) }
            for id in tills.keys.sorted() {
                let shown = try Chain.show { try till(id).records(entity, $0) }
                #expect(shown == expected, "\(id): \(entity)", sourceLocation: sourceLocation)
            }
        }
        var held: [String] = []
        try central.records("sale") { held.append($0.id) }
        #expect(held.sorted() == sales.sorted(), sourceLocation: sourceLocation)
        for id in tills.keys.sorted() {
            #expect(try till(id).status().totals.pending == 0, "\(id)", sourceLocation: sourceLocation)
            var own: [String] = []
            try till(id).records("sale") { own.append($0.id) }
            #expect(own.sorted() == sales.filter { $0.hasPrefix(id) }.sorted(), sourceLocation: sourceLocation)
        }
        let proof = try central.verifyStore()
        #expect(proof.problems.isEmpty, "\(proof.problems)", sourceLocation: sourceLocation)
    }

    func price(_ id: String = "A") throws -> String? { try central.get("product", id)?["price"]?.json }
    func stock(_ id: String = "A") throws -> String? { try central.get("product", id)?["stock"]?.json }
}
