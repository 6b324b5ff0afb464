import NightdropFiles
import NightdropFormats
import NightdropModel

extension ExchangeDirectory {
    /// What the medium has room for; nil where that is not known.
    public func medium() throws(BundleError) -> Medium? {
        do throws(FileError) { return try fileSystem.medium(of: path) } catch {
            throw BundleError(reading: path, error)
        }
    }

    /// Removes what an interrupted visit of a node has left: its own files that never got their names, wherever they lie.
    /// Nobody may be writing for this node meanwhile. Returns the paths that were removed.
    @discardableResult
    public func removeLeftovers(of node: NodeID) throws(BundleError) -> [String] {
        do throws(FileError) {
            var removed: [String] = []
            var folders = [path]
            if try fileSystem.kind(top) == .directory {
                for name in try fileSystem.names(in: top) where try fileSystem.kind("\(top)/\(name)") == .directory {
                    folders.append("\(top)/\(name)")
                }
            }
            for folder in folders {
                var left: [String] = []
                for name in try fileSystem.names(in: folder) where isLeftover(name, of: node) {
                    let file = "\(folder)/\(name)"
                    guard try fileSystem.kind(file) == .file else { continue }
                    try fileSystem.remove(file)
                    left.append(file)
                }
                if !left.isEmpty { try fileSystem.synchronizeDirectory(folder) }
                removed += left
            }
            return removed
        } catch {
            throw BundleError(writing: path, error)
        }
    }

    private func isLeftover(_ name: String, of node: NodeID) -> Bool {
        name.hasSuffix(".partial") && BundleName(String(name.dropLast(".partial".count)))?.sender == node
    }

    /// Removes bundles from the folder of what is for a node; the node has them, durably. Paths elsewhere, and files that
    /// are not what they were when the node read them, are passed over. Returns the paths that were removed.
    public func removeTaken(_ taken: [(path: String, status: FileStatus)], by node: NodeID) throws(BundleError)
        -> [String]
    {
        do throws(FileError) {
            guard let folder = try inFolder(of: node) else { return [] }
            var removed: [String] = []
            for (path, status) in taken where Path.directory(of: path) == folder {
                guard try fileSystem.kind(path) == .file, try fileSystem.status(path) == status else { continue }
                try fileSystem.remove(path)
                removed.append(path)
            }
            if !removed.isEmpty { try fileSystem.synchronizeDirectory(folder) }
            return removed
        } catch {
            throw BundleError(writing: path, error)
        }
    }

    /// Removes all bundles that a node has written for another one; by their names. Returns the paths that were removed.
    public func removeAll(of sender: NodeID, for node: NodeID) throws(BundleError) -> [String] {
        do throws(FileError) {
            guard let folder = try inFolder(of: node) else { return [] }
            var removed: [String] = []
            for name in try fileSystem.names(in: folder) where BundleName(name)?.sender == sender {
                let file = "\(folder)/\(name)"
                guard try fileSystem.kind(file) == .file else { continue }
                try fileSystem.remove(file)
                removed.append(file)
            }
            if !removed.isEmpty { try fileSystem.synchronizeDirectory(folder) }
            return removed
        } catch {
            throw BundleError(writing: path, error)
        }
    }

    /// What lies in a folder and says all that a new bundle would say: a bundle of its name, or all parts of one return that
    /// was cut up; empty if nothing does. Each file must be whole on the medium, signed by the same key, and no larger than
    /// `limit`; only when it was written, and its clocks, may differ. The number of changes is not compared: it follows from
    /// the cursors between which they lie. A part that is asked for is found by itself.
    public func standing(
        for manifest: Manifest, in folder: String, key: PublicKey, limit: Int64 = .max
    ) -> [WrittenBundle] {
        if let whole = standing(manifest, in: folder, key, limit) { return [whole] }
        guard manifest.parts == 1, manifest.answer != nil, let names = try? fileSystem.names(in: folder),
            let wanted = BundleName(manifest.fileName)
        else { return [] }
        let counts = names.compactMap { name -> Int? in
            guard let found = BundleName(name), found.parts > 1, found.parts <= names.count else { return nil }
            let isSame = (found.sender, found.journal) == (wanted.sender, wanted.journal)
            return isSame && (found.first, found.last) == (wanted.first, wanted.last) ? Int(found.parts) : nil
        }
        for count in Set(counts) {
            let parts = set(of: count, manifest, in: folder, key, limit)
            if !parts.isEmpty { return parts }
        }
        return []
    }

    /// All parts, cut at one moment; empty if one is not there.
    private func set(
        of count: Int, _ manifest: Manifest, in folder: String, _ key: PublicKey, _ limit: Int64
    ) -> [WrittenBundle] {
        var parts: [WrittenBundle] = []
        for number in 1...count {
            var wanted = manifest
            (wanted.part, wanted.parts) = (number, count)
            guard let part = standing(wanted, in: folder, key, limit),
                parts.first.map({ $0.manifest.created == part.manifest.created }) ?? true
            else { return [] }
            parts.append(part)
        }
        return parts
    }

    private func standing(
        _ manifest: Manifest, in folder: String, _ key: PublicKey, _ limit: Int64
    ) -> WrittenBundle? {
        let path = "\(folder)/\(manifest.fileName)"
        guard (try? fileSystem.kind(path)) == .file, let file = try? fileSystem.open(path, .read),
            let size = try? file.size(), size <= limit, (try? file.dropCache()) != nil,
            let found = try? BundleReader.open(path, fileSystem: fileSystem), found.problem == nil,
            found.fingerprint == key.fingerprint
        else { return nil }
        var (old, new) = (found.manifest, manifest)
        for keyPath in [\Manifest.created, \Manifest.operations] {
            old[keyPath: keyPath] = 0
            new[keyPath: keyPath] = 0
        }
        (old.clock, old.software, old.entries) = (new.clock, new.software, new.entries)
        return old == new ? WrittenBundle(path: path, size: size, manifest: found.manifest) : nil
    }
}
