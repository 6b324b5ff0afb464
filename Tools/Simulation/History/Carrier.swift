import Foundation

/// The directory that carries bundles, and what may happen to them on the way.
struct Carrier {
    let exchange: String
    /// Where copies of lost bundles stay.
    private let attic: String

    init(root: String) throws {
        exchange = root + "/exchange"
        attic = root + "/attic"
        try FileManager.default.createDirectory(atPath: attic, withIntermediateDirectories: true)
    }

    /// Takes some bundles away, as a lost stick does.
    func lose(_ random: inout SeededNumbers) throws {
        for file in try bundles() where random.oneIn(3) {
            try keep(file)
            try FileManager.default.removeItem(atPath: file)
        }
    }

    /// Lays old bundles there again.
    func bringBack(_ random: inout SeededNumbers) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: attic).sorted() where random.oneIn(3) {
            let target = exchange + "/" + name.replacingOccurrences(of: "@", with: "/")
            guard !FileManager.default.fileExists(atPath: target) else { continue }
            try FileManager.default.copyItem(atPath: attic + "/" + name, toPath: target)
        }
    }

    /// Copies every bundle that lies there, before a newer one takes its place.
    func keepAll() throws { for file in try bundles() { try keep(file) } }

    /// All bundles that were ever kept, and those that lie there.
    func everything() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: attic).sorted().map { attic + "/" + $0 } + bundles()
    }

    /// The bundles that lie there, for one node or for all.
    func bundles(for node: String? = nil) throws -> [String] {
        let folder = exchange + "/to" + (node.map { "/" + $0 } ?? "")
        return (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? [])
            .filter { $0.hasSuffix(".tar") }.sorted().map { folder + "/" + $0 }
    }

    private func keep(_ file: String) throws {
        let name = file.dropFirst(exchange.count + 1).replacingOccurrences(of: "/", with: "@")
        let kept = attic + "/" + name
        if !FileManager.default.fileExists(atPath: kept) {
            try FileManager.default.copyItem(atPath: file, toPath: kept)
        }
    }
}
