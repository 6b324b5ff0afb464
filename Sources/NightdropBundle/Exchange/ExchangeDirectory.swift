import NightdropFiles
import NightdropFormats
import NightdropModel

/// A shared folder or a stick on which bundles travel.
public struct ExchangeDirectory: Sendable {
    /// The directory.
    public let path: String
    private let fileSystem: any FileSystem

    /// The directory at a path; nothing is touched yet.
    public init(_ path: String, fileSystem: any FileSystem) {
        self.path = path
        self.fileSystem = fileSystem
    }

    /// The paths of the bundles that may be for a node: the directory's own, and those in `to/<node>/`; sorted by name,
    /// so in the order of their numbers.
    public func bundles(for node: NodeID) throws(BundleError) -> [String] {
        do throws(FileError) {
            let folder = folder(of: node)
            var found = try bundles(in: path)
            if try fileSystem.status(folder)?.isDirectory == true { found += try bundles(in: folder) }
            return found.sorted { (Path.name(of: $0), $0) < (Path.name(of: $1), $1) }
        } catch {
            throw BundleError(reading: path, error)
        }
    }

    /// The marker; nil where there is none, which means that the carrier is not mounted or new.
    public func marker() throws(BundleError) -> CarrierMarker? {
        let file = "\(path)/\(CarrierMarker.fileName)"
        let bytes: [UInt8]?
        do throws(FileError) { bytes = try fileSystem.contents(file) } catch { throw BundleError(reading: file, error) }
        guard let bytes else { return nil }
        guard let marker = CarrierMarker(bytes) else {
            throw BundleError(
                .malformed, file: file, "it is no marker; remove it if this directory is yours to exchange bundles on")
        }
        return marker
    }

    /// The folder for bundles to a node. It and the marker are made if absent, the directory itself is not: a path that
    /// is missing is a carrier that is not mounted.
    public func destination(to node: NodeID, organisation: String) throws(BundleError) -> String {
        do {
            guard try fileSystem.status(path)?.isDirectory == true else {
                throw BundleError(.notFound, file: path, "there is no such directory; is the carrier mounted?")
            }
            try mark(organisation)
            let folder = folder(of: node)
            try fileSystem.createDirectory(folder)
            return folder
        } catch {
            throw BundleError(writing: path, error)
        }
    }

    /// Removes what bundles just written replace: older ones of the same sender about the same journal, in the same
    /// folder, whose numbers lie within the new ones'; of answers, those that reach no further. Judged by name. Give all
    /// parts of a bundle that was split. Returns the paths that were removed.
    @discardableResult
    public func removeSuperseded(by written: [WrittenBundle]) throws(BundleError) -> [String] {
        guard let one = written.first, let first = written.map(\.manifest.first).min(),
            let last = written.map(\.manifest.last).max()
        else { return [] }
        let isAnswer = one.manifest.answer != nil
        let kept = Set(written.map { Path.name(of: $0.path) })
        let folder = Path.directory(of: one.path)
        do throws(FileError) {
            var removed: [String] = []
            for path in try bundles(in: folder) where !kept.contains(Path.name(of: path)) {
                guard let name = BundleName(Path.name(of: path)), name.sender == one.manifest.from.node,
                    name.journal == one.manifest.journal.short, name.last <= last, isAnswer || name.first >= first
                else { continue }
                try fileSystem.remove(path)
                removed.append(path)
            }
            if !removed.isEmpty { try fileSystem.synchronizeDirectory(folder) }
            return removed
        } catch {
            throw BundleError(writing: folder, error)
        }
    }

    private func folder(of node: NodeID) -> String { "\(path)/to/\(node)" }

    private func bundles(in folder: String) throws(FileError) -> [String] {
        var found: [String] = []
        for name in try fileSystem.names(in: folder) where BundleName.isBundle(name) {
            let path = "\(folder)/\(name)"
            if let status = try fileSystem.status(path), !status.isDirectory { found.append(path) }
        }
        return found
    }

    private func mark(_ organisation: String) throws {
        guard let marker = try marker() else {
            let marker = CarrierMarker(organisation: organisation, carrier: .random())
            return try fileSystem.publish("\(path)/\(CarrierMarker.fileName)", bytes: marker.bytes)
        }
        guard marker.organisation.utf8.elementsEqual(organisation.utf8) else {
            throw BundleError(
                .wrongOrganisation, file: path,
                "the carrier belongs to \(BundleError.shown(marker.organisation)), "
                    + "this node to \(BundleError.shown(organisation))")
        }
    }
}
