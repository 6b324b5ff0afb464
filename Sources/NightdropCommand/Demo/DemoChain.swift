import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

/// The shops of the demo: head office, four tills, a share that they all reach, and a stick.
final class DemoChain {
    /// A till of the chain.
    struct Till {
        let id: NodeID
        let store: NodeID
    }

    /// What the shops sell.
    struct Product {
        let id: String
        let name: String
        let price: String
        let stock: Int64
    }

    let directory: String
    let tills: [Till]
    let products = [
        Product(id: "COFFEE", name: "Coffee, 500 g", price: "5.40", stock: 120),
        Product(id: "TEA", name: "Tea, 50 bags", price: "2.95", stock: 90),
        Product(id: "BREAD", name: "Rye bread", price: "3.20", stock: 60),
        Product(id: "MILK", name: "Milk, 1 l", price: "1.15", stock: 200),
        Product(id: "UMBRELLA", name: "Umbrella", price: "14.90", stock: 1),
    ]
    private(set) var central: Central?
    private var terminals: [NodeID: Terminal] = [:]

    init(_ directory: String) {
        self.directory = directory
        let ids = [("T01", "S1"), ("T02", "S1"), ("T03", "S2"), ("T04", "S3")]
        tills = ids.compactMap { till, store in
            guard let id = NodeID(till), let store = NodeID(store) else { return nil }
            return Till(id: id, store: store)
        }
    }

    /// Where a node stands.
    func path(_ node: String) -> String { "\(directory)/\(node)" }
    /// What all nodes reach.
    var share: String { path("share") }
    /// What is carried by hand.
    var stick: String { path("stick") }

    /// Makes head office, the share and the stick.
    func open() throws {
        let disk = DiskFileSystem()
        for folder in [share, stick] { try disk.createDirectory(folder) }
        guard let id = NodeID("HQ") else { return }
        central = try Central.create(at: path("HQ"), id: id, organisation: "Corner Shops", policy: nil)
    }

    /// Head office.
    func headOffice() throws -> Central {
        guard let central else { throw NightdropError(.usage, "head office is not open yet") }
        return central
    }

    /// A till, by its id.
    func till(_ name: String) throws -> Terminal {
        guard let id = NodeID(name), let terminal = terminals[id] else {
            throw NightdropError(.usage, "till \(name) is not made yet")
        }
        return terminal
    }

    /// Makes a till, enrolls it and takes in its grant.
    func join(_ till: Till) throws {
        let request = "\(share)/\(till.id)\(EnrollmentRequest.fileSuffix)"
        let (terminal, file) = try Terminal.create(
            at: path(till.id.text), id: till.id, store: till.store,
            centralFingerprint: try headOffice().fingerprint, request: request)
        let (_, grant) = try headOffice().enroll(file, to: share)
        _ = try terminal.take([grant])
        terminals[till.id] = terminal
    }
}

extension OperationDraft {
    /// A draft with fields written as JSON, for the texts of the demo.
    static func make(
        _ action: Action, _ entity: String, _ id: String, _ set: [(String, String)] = [], add: [(String, String)] = [],
        by: String? = nil
    ) -> OperationDraft {
        func fields(_ list: [(String, String)]) -> [Field] {
            list.map { Field($0.0, FieldValue(checkedJSON: $0.1)) }
        }
        return OperationDraft(action, entity, id: id, set: fields(set), add: fields(add), by: by)
    }
}
