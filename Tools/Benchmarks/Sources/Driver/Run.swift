import Foundation

/// One run: everything is measured by turns with what it is compared with, and nothing is left behind.
struct Run {
    let child: Child
    let directory: String
    let isQuick: Bool
    let pairs: Int
    let seed: UInt64 = 20_261_120
    var results = Results()

    init(floor: String, directory: String, isQuick: Bool, pairs: Int) throws {
        child = Child(floor: floor)
        self.directory = directory
        self.isQuick = isQuick
        self.pairs = isQuick ? 1 : max(3, pairs)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    /// A path within the run's directory, with nothing there.
    func fresh(_ name: String) throws -> String {
        let path = directory + "/" + name
        try remove(path)
        return path
    }

    func freshFolder(_ name: String) throws -> String {
        let path = try fresh(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    func remove(_ path: String) throws {
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
    }

    func copy(_ source: String, to name: String) throws -> String {
        let target = try fresh(name)
        _ = try Child.output("/bin/cp", ["-r", source, target])
        // So that writing the copy back is no part of what is measured next.
        _ = try Child.output("/bin/sync", [])
        return target
    }

    /// A copy of head office's store as it was before the first till's bundle.
    func copyStore(of corpus: String = "corpus") throws -> String {
        for suffix in ["-wal", "-shm"] { try remove(directory + "/floor.sqlite" + suffix) }
        return try copy("\(directory)/\(corpus)/central/store.sqlite", to: "floor.sqlite")
    }

    func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
