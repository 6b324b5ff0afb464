import NightdropBundle
import NightdropFiles
import NightdropModel

/// A file that a merge or an import looks at.
struct MergeInput: Sendable {
    let path: String
    /// Whether the caller named the file itself, rather than a directory.
    let isExplicit: Bool
    /// What it was when it was listed.
    var found: FileStatus?

    /// How long a file must not have changed before what is wrong with it counts.
    static let settlingMilliseconds: Int64 = 10_000

    /// What to make of an error: while a file may still be on its way, it is incomplete; one that was named explicitly is
    /// taken to be all there, unless it ends early.
    func judge(_ error: BundleError, _ looks: FileLooks, _ fileSystem: any FileSystem) -> BundleError {
        if isExplicit && error.code != .incomplete { return error }
        return looks.judge(
            error, path: path, before: found, status: try? fileSystem.status(path), now: Clock.now(),
            settlingMilliseconds: MergeInput.settlingMilliseconds)
    }

    /// Bundles of one journal follow each other by their numbers.
    var order: String { Path.name(of: path) }

    /// The files behind some paths. Directories are searched for bundles, with their `to/<node>/`.
    static func collect(_ paths: [String], for node: NodeID, _ fileSystem: any FileSystem) throws -> [MergeInput] {
        var inputs: [MergeInput] = []
        for path in paths {
            guard let status = try fileSystem.status(path) else {
                throw NightdropError(.notFound, "there is no file or directory \(path)")
            }
            guard status.isDirectory else {
                inputs.append(MergeInput(path: path, isExplicit: true))
                continue
            }
            for file in try ExchangeDirectory(path, fileSystem: fileSystem).bundles(for: node) {
                inputs.append(MergeInput(path: file, isExplicit: false, found: try? fileSystem.status(file)))
            }
        }
        return inputs
    }
}
