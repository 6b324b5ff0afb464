import Foundation
import Nightdrop
import NightdropStore

/// A chain of real nodes in a directory, driven by random numbers: tills trade, close, export and take in; carriers lose,
/// double and delay bundles; head office merges what happens to lie there.
///
/// What it does not simulate: damaged bytes (the tests of bundles do), restored and cloned nodes.
final class Simulation {
    let root: URL
    let central: Central
    private(set) var tills: [Terminal] = []
    private var generator: SeededNumbers
    private let exchange: String
    private let attic: String
    private var sales = 0
    /// What every till was told is durable: the ids of its sales.
    private(set) var acknowledged: Set<String> = []
    /// What all increments of the one counter add up to.
    private(set) var points: Int64 = 0

    static let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          sale: {direction: up, controlTotal: total, onConflict: terminal-wins}
          product: {fields: {price: {type: decimal}, stock: {type: integer, merge: counter}}}
          customer: {onDuplicate: keep-both, fields: {points: {type: integer, merge: counter}}}
          note: {onConflict: manual}
          table: {scope: store}
        """

    init(seed: UInt64, tills count: Int) throws {
        generator = SeededNumbers(seed)
        root = FileManager.default.temporaryDirectory.appendingPathComponent("nightdrop-\(UUID().uuidString)")
        exchange = root.appendingPathComponent("exchange").path
        attic = root.appendingPathComponent("attic").path
        for folder in [exchange, attic] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        let policy = root.appendingPathComponent("policy.yaml")
        try Self.policy.write(to: policy, atomically: true, encoding: .utf8)
        guard let id = NodeID("HQ") else { throw CocoaError(.featureUnsupported) }
        central = try Central.create(
            at: root.appendingPathComponent("HQ").path, id: id, organisation: "Corner Shops", policy: policy.path)
        _ = try central.record(OperationDraft(.create, "customer", id: "C", set: [Field("points", .integer(0))]))
        for product in ["A", "B"] {
            _ = try central.record(OperationDraft(.create, "product", id: product, set: [Field("price", .integer(1))]))
        }
        for number in 1...count {
            guard let id = NodeID("T\(number)"), let store = NodeID(number % 2 == 0 ? "S1" : "S2") else { continue }
            let (till, request) = try Terminal.create(
                at: root.appendingPathComponent(id.text).path, id: id, store: store)
            _ = try till.take([try central.enroll(request, to: exchange).grant])
            tills.append(till)
        }
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    /// One random step.
    func step() throws {
        let index = Int.random(in: tills.indices, using: &generator)
        let till = tills[index]
        switch Int.random(in: 0..<20, using: &generator) {
        case 0...9: try trade(till)
        case 10: try tradeAtCentral()
        case 11: _ = try till.close(day: "2026-11-\(Int.random(in: 10...28, using: &generator))", to: exchange)
        case 12, 13: _ = try till.export(to: exchange)
        case 14: try lose()
        case 15: try bringBack()
        case 16, 17: _ = try central.merge([exchange], returnTo: Bool.random(using: &generator) ? exchange : nil)
        case 18: _ = try till.take([exchange])
        default: tills[index] = try Terminal(at: root.appendingPathComponent(till.settings.id.text).path)
        }
    }

    /// Head office takes back what a bundle brought, or puts it back.
    func undo() throws {
        guard let bundle = try merged().randomElement(using: &generator) else { return }
        if let earlier = try central.undo(bundle, by: "Clara").alreadyUndoneBy {
            _ = try central.undo(earlier, by: "Dora")
        }
    }

    /// The bundles that brought something, in the order in which they were merged.
    func merged() throws -> [String] {
        var filter = LogFilter()
        filter.changes = false
        var bundles: [String] = []
        try central.log(filter, limit: 1000) { entry in
            if case .event(let event) = entry, event.kind == "merge", let bundle = event.bundle {
                bundles.append(bundle)
            }
        }
        return bundles
    }

    /// What head office has, fields that say nothing left out.
    func values() throws -> [String] {
        try ["sale", "product", "customer", "note", "table"].flatMap { entity in
            try Simulation.show(nil) { try central.records(entity, $0) }.map { line in
                "\(entity) " + line.split(separator: " ").filter { !$0.hasSuffix("=null") }.joined(separator: " ")
            }
        }
    }

    /// Everyone exchanges until nobody has anything new.
    func settle() throws {
        for _ in 0..<3 {
            for till in tills { _ = try till.export(to: exchange) }
            _ = try central.merge([exchange])
            _ = try central.writeReturns(to: exchange)
            for till in tills { _ = try till.take([exchange]) }
        }
    }

    func trade(_ till: Terminal) throws {
        let product = Bool.random(using: &generator) ? "A" : "B"
        let value = FieldValue.integer(Int64.random(in: 1...9, using: &generator))
        switch Int.random(in: 0..<8, using: &generator) {
        case 0, 1, 2:
            sales += 1
            // Two tills share a few numbers, as real ones do by mistake.
            let shared = sales % 5 == 0
            let id = shared ? "R-\(sales % 3)" : "\(till.settings.id)-\(sales)"
            let mark = "\(till.settings.id)/\(sales)"
            let amount = Int64.random(in: 1...100, using: &generator)
            _ = try till.record([
                OperationDraft(
                    .create, "sale", id: id,
                    set: [Field("total", .integer(amount)), Field("mark", FieldValue(checkedJSON: "\"\(mark)\""))]),
                OperationDraft(.update, "product", id: product, add: [Field("stock", .integer(-1))]),
                OperationDraft(.update, "customer", id: "C", add: [Field("points", .integer(amount))]),
            ])
            acknowledged.insert(mark)
            points += amount
        case 3: _ = try till.record(OperationDraft(.update, "product", id: product, set: [Field("price", value)]))
        case 4: try put(till, "note", "N", "text", value)
        case 5: try put(till, "table", "1", "seats", value)
        case 6: try put(till, "customer", "K", "city", value)
        default:
            if try till.get("note", "N") != nil { _ = try till.record(OperationDraft(.delete, "note", id: "N")) }
        }
    }

    private func put(_ till: Terminal, _ entity: String, _ id: String, _ field: String, _ value: FieldValue) throws {
        let action: Action = try till.get(entity, id) == nil ? .create : .update
        _ = try till.record(OperationDraft(action, entity, id: id, set: [Field(field, value)]))
    }

    private func tradeAtCentral() throws {
        let value = FieldValue.integer(Int64.random(in: 10...19, using: &generator))
        _ = try central.record(OperationDraft(.update, "product", id: "A", set: [Field("price", value)]))
    }

    /// Takes some bundles away, as a lost stick does; a copy stays in the attic.
    private func lose() throws {
        for file in try bundles(below: exchange) where Int.random(in: 0..<3, using: &generator) == 0 {
            let kept =
                attic + "/"
                + file.replacingOccurrences(of: exchange + "/", with: "").replacingOccurrences(of: "/", with: "@")
            try? FileManager.default.removeItem(atPath: kept)
            try FileManager.default.moveItem(atPath: file, toPath: kept)
        }
    }

    /// Lays old bundles there again.
    private func bringBack() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: attic).sorted()
        where Int.random(in: 0..<3, using: &generator) == 0 {
            let target = exchange + "/" + name.replacingOccurrences(of: "@", with: "/")
            guard !FileManager.default.fileExists(atPath: target) else { continue }
            try FileManager.default.copyItem(atPath: attic + "/" + name, toPath: target)
        }
    }

    private func bundles(below folder: String) throws -> [String] {
        (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? [])
            .filter { $0.hasSuffix(".tar") }.sorted().map { folder + "/" + $0 }
    }

    /// The living records of an entity as `store/id {fields}`, sorted.
    static func show(_ store: String?, _ records: ((Record) throws -> Void) throws -> Void) rethrows -> [String] {
        var lines: [String] = []
        try records { record in
            if let store, let own = record.store, own != store { return }
            let fields = record.fields.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value.json)" }
            lines.append("\(record.store ?? "")/\(record.id) \(fields.joined(separator: " "))")
        }
        return lines.sorted()
    }
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct SeededNumbers: RandomNumberGenerator {
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
