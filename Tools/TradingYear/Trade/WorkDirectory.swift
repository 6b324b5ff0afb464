import Foundation

/// Where all nodes of the year stand, and what travels between them.
struct WorkDirectory: Sendable {
    let path: String
    private let isTemporary: Bool

    /// The given directory, which must be empty or absent; without one, a temporary directory.
    init(_ keep: String?) throws {
        let files = FileManager.default
        isTemporary = keep == nil
        path = keep ?? files.temporaryDirectory.appendingPathComponent("trade-year-\(UUID().uuidString)").path
        if let found = try? files.contentsOfDirectory(atPath: path), !found.isEmpty {
            throw Failure("\(path) is not empty", status: 73)
        }
        for folder in [path, exchange, keptBundles, keptReturns] {
            try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
    }

    var central: String { path + "/HQ" }
    var policy: String { path + "/policy.yaml" }
    /// The directory on which bundles travel.
    var exchange: String { path + "/exchange" }
    /// What head office has merged.
    var keptBundles: String { path + "/kept/bundles" }
    /// What head office has answered, a folder per till.
    var keptReturns: String { path + "/kept/returns" }

    func till(_ till: Till) -> String { "\(path)/tills/\(till.id)" }
    func keptReturns(_ till: Till) -> String { "\(keptReturns)/\(till.id)" }

    func removeIfTemporary() {
        if isTemporary { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Takes merged bundles off the carrier, as a carrier that is emptied is: a later merge need not look at them.
    func keepMerged() throws {
        let folder = exchange + "/to/HQ"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            try FileManager.default.moveItem(atPath: "\(folder)/\(name)", toPath: "\(keptBundles)/\(name)")
        }
    }

    /// Keeps a second name for an answer, which a later one will replace.
    func keepReturn(_ file: String, for till: String) throws {
        let folder = "\(keptReturns)/\(till)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let copy = "\(folder)/\(URL(fileURLWithPath: file).lastPathComponent)"
        if FileManager.default.fileExists(atPath: copy) { try FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.linkItem(atPath: file, toPath: copy)
    }
}
