import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import Testing

/// A chain for tests: head office, tills, and a directory that carries bundles between them.
final class Chain {
    let root: URL
    let central: Central
    private(set) var tills: [String: Terminal] = [:]

    var exchange: String { path("exchange") }

    init(policy: String? = nil) throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("nightdrop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: root.appendingPathComponent("exchange"), withIntermediateDirectories: true)
        var file: String?
        if let policy {
            file = root.appendingPathComponent("policy.yaml").path
            try policy.write(toFile: root.appendingPathComponent("policy.yaml").path, atomically: true, encoding: .utf8)
        }
        central = try Central.create(
            at: root.appendingPathComponent("HQ").path, id: try #require(NodeID("HQ")), organisation: "Corner Shops",
            policy: file)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    func path(_ name: String) -> String { root.appendingPathComponent(name).path }

    /// Copies a node's directory. A node that is open may be sealing a segment behind the scenes, whose file then goes while
    /// it is copied: the copy is made again.
    func copyNode(_ name: String, to target: String) throws {
        for _ in 0..<100 {
            try? FileManager.default.removeItem(atPath: target)
            if (try? FileManager.default.copyItem(atPath: path(name), toPath: target)) != nil { return }
            usleep(20_000)
        }
        try FileManager.default.copyItem(atPath: path(name), toPath: target)
    }

    /// A till that is enrolled and has its first snapshot.
    @discardableResult
    func till(_ id: String, store: String = "S1") throws -> Terminal {
        let (till, request) = try Terminal.create(
            at: path(id), id: try #require(NodeID(id)), store: try #require(NodeID(store)))
        let grant = try central.enroll(request, to: exchange).grant
        _ = try till.take([grant])
        tills[id] = till
        return till
    }

    /// Closes a day at a till and carries the bundle.
    func close(_ id: String, day: String = "2026-11-20") throws { _ = try tills[id]?.close(day: day, to: exchange) }

    /// Head office merges what lies there and answers.
    @discardableResult
    func merge() throws -> MergeReport { try central.merge([exchange], returnTo: exchange) }

    /// The tills take what lies there for them.
    func takeAll() throws {
        for till in tills.values { _ = try till.take([exchange]) }
    }

    /// The living records of an entity as `id {fields}`, sorted.
    static func show(_ records: ((Record) throws -> Void) throws -> Void) rethrows -> [String] {
        var lines: [String] = []
        try records { record in
            let fields = JSONValue.object(
                record.fields.map { .init($0.name, (try? JSONValue.parse($0.value.json)) ?? .null) }
                    .sorted { $0.name < $1.name })
            lines.append("\(record.id) \(fields.compact)")
        }
        return lines.sorted()
    }
}

func set(_ pairs: KeyValuePairs<String, String>) -> [Field] {
    pairs.map { Field($0.key, FieldValue(checkedJSON: $0.value)) }
}
