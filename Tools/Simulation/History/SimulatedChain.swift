import Foundation
import Nightdrop

/// Real nodes in a directory, and what they were told is durable.
///
/// What it does not simulate: damaged bytes, restored and cloned tills.
final class SimulatedChain {
    let root: String
    var exchange: String { root + "/exchange" }
    private(set) var central: Central
    private(set) var tills: [Terminal] = []
    /// What every sale bears that a till was told is durable.
    var acknowledged: Set<String> = []
    /// What all increments of a counter add up to, by counter.
    var sums: [String: Int64] = [:]
    /// How many operations each node was told are durable.
    private(set) var operations: [String: Int64] = [:]

    init(in directory: String, tills count: Int, policy: RandomPolicy) throws {
        root = directory + "/nightdrop-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root + "/exchange", withIntermediateDirectories: true)
        try Data(policy.text.utf8).write(to: URL(fileURLWithPath: root + "/policy.yaml"))
        central = try Central.create(
            at: root + "/HQ", id: try SimulatedChain.id("HQ"), organisation: "Corner Shops",
            policy: root + "/policy.yaml")
        prepare()
        for entity in ["customer", "product"] {
            let field = entity == "product" ? "stock" : "points"
            try note(central.record(OperationDraft(.create, entity, id: "A", set: [Field(field, .integer(0))])))
        }
        for number in 1...count {
            let id = try SimulatedChain.id("T\(number)")
            let (till, request) = try Terminal.create(
                at: root + "/" + id.text, id: id, store: try SimulatedChain.id(number % 2 == 0 ? "S1" : "S2"))
            _ = try till.take([try central.enroll(request, to: exchange).grant])
            tills.append(till)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// Counts what was recorded at a node.
    func note(_ recorded: Recorded, at node: String = "HQ") {
        if !recorded.isRepeat { operations[node, default: 0] += recorded.last - recorded.first + 1 }
    }

    /// Counts what an undo recorded.
    func note(_ report: UndoReport) { operations["HQ", default: 0] += report.operations }

    /// Head office decides by hook: for one of both values, or a third.
    private func prepare() {
        central.onConflict(hook: RandomPolicy.hook) { question in
            guard question.field != nil else { return .boolean(question.id != "B") }
            let (central, incoming) = (question.central.value, question.incoming.value)
            return incoming.json < central.json ? incoming : central.json.count > 1 ? central : .integer(5)
        }
    }

    /// Head office takes over the policy's present version.
    func use(_ policy: RandomPolicy) throws {
        try Data(policy.text.utf8).write(to: URL(fileURLWithPath: root + "/policy.yaml"))
        central = try central.use(policy: root + "/policy.yaml")
        prepare()
    }

    /// Head office is opened again.
    func restartCentral() throws {
        central = try Central(at: root + "/HQ")
        prepare()
    }

    /// A till is opened again, with another wish of what to receive if one is given.
    func restartTill(_ index: Int, receiving: [String]?? = nil) throws {
        let path = root + "/" + tills[index].settings.id.text
        if let receiving {
            var settings = tills[index].settings
            settings.receive = receiving
            try Data(settings.yaml.utf8).write(to: URL(fileURLWithPath: path + "/nightdrop.yaml"))
        }
        tills[index] = try Terminal(at: path)
    }

    /// A head office of its own, in the state of this moment.
    func copyOfCentral(_ name: String) throws -> Central { try Central(at: copyCentral(name)) }

    /// Head office is lost, and a copy of an earlier moment takes its place.
    func replaceCentral(by copy: String) throws {
        try FileManager.default.removeItem(atPath: root + "/HQ")
        try FileManager.default.copyItem(atPath: copy, toPath: root + "/HQ")
        try restartCentral()
    }

    /// Copies head office's directory.
    func copyCentral(_ name: String) throws -> String {
        let copy = root + "/" + name
        for attempt in 1... {
            try? FileManager.default.removeItem(atPath: copy)
            do {
                let before = try sizes(root + "/HQ")
                try FileManager.default.copyItem(atPath: root + "/HQ", toPath: copy)
                // What is done behind the scenes, such as sealing, moves files while they are copied.
                if try attempt == 100 || sizes(root + "/HQ") == before && sizes(copy) == before { break }
            } catch  where attempt < 100 {}
        }
        return copy
    }

    private func sizes(_ folder: String) throws -> [String: Int] {
        var sizes: [String: Int] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            sizes[path] = try FileManager.default.attributesOfItem(atPath: folder + "/" + path)[.size] as? Int
        }
        return sizes
    }

    static func id(_ text: String) throws -> NodeID {
        guard let id = NodeID(text) else { throw CocoaError(.featureUnsupported) }
        return id
    }
}
