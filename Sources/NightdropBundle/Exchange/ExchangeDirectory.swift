import NightdropFiles
import NightdropFormats
import NightdropModel

/// A shared folder or a stick on which bundles travel.
public struct ExchangeDirectory: Sendable {
    /// The directory.
    public let path: String
    let fileSystem: any FileSystem
    private let carrier: UniqueID?

    /// The directory at a path; nothing is touched yet.
    ///
    /// - Parameter carrier: The carrier that it must be, by its marker, when something is written; nil for any. Where a
    ///   stick was pulled out, its empty mount point takes its place, on which nothing must be left.
    public init(_ path: String, fileSystem: any FileSystem, carrier: UniqueID? = nil) {
        self.path = path
        self.fileSystem = fileSystem
        self.carrier = carrier
    }

    /// The paths of the bundles that may be for a node: the directory's own, and those in `to/<node>/`; sorted by name,
    /// so in the order of their numbers. Only regular files; links lead out of the directory and are passed over.
    public func bundles(for node: NodeID) throws(BundleError) -> [String] {
        do throws(FileError) {
            var found = try bundles(in: path)
            if let folder = try inFolder(of: node) { found += try bundles(in: folder) }
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
            _ = try mark(organisation)
            let folder = folder(of: node)
            for step in [top, folder] {
                if let kind = try fileSystem.kind(step), kind != .directory {
                    throw BundleError(.cannotCreate, file: step, "it must be a directory of this carrier, and is none")
                }
            }
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

    /// The folder that holds one for each addressee.
    var top: String { "\(path)/to" }

    /// The folder of what is for a node, whether it is there or not.
    public func folder(of node: NodeID) -> String { "\(top)/\(node)" }

    /// The folder of what is for a node, if it is there.
    func inFolder(of node: NodeID) throws(FileError) -> String? {
        let folder = folder(of: node)
        guard try fileSystem.kind(top) == .directory, try fileSystem.kind(folder) == .directory else { return nil }
        return folder
    }

    private func bundles(in folder: String) throws(FileError) -> [String] {
        var found: [String] = []
        for name in try fileSystem.names(in: folder) where BundleName.isBundle(name) {
            let path = "\(folder)/\(name)"
            if try fileSystem.kind(path) == .file { found.append(path) }
        }
        return found
    }

    /// The marker, which is made if there is none. Refused are a carrier of another organisation, and another one than is
    /// expected.
    public func mark(_ organisation: String) throws -> CarrierMarker {
        do {
            if let marker = try marker() {
                try check(marker, organisation)
                guard carrier == nil || marker.carrier == carrier else { throw pulledOut() }
                return marker
            }
            guard carrier == nil else { throw pulledOut() }
            let marker = CarrierMarker(organisation: organisation, carrier: .random())
            do {
                try fileSystem.publish("\(path)/\(CarrierMarker.fileName)", bytes: marker.bytes)
                return marker
            } catch {
                // Another node may have marked a shared folder at the same moment.
                guard let other = try self.marker() else { throw error }
                try check(other, organisation)
                return other
            }
        } catch {
            throw BundleError(writing: path, error)
        }
    }

    private func pulledOut() -> BundleError {
        BundleError(.inputOutput, file: path, "it is not the carrier any more that it was; was it pulled out?")
    }

    /// Refuses a carrier of another organisation.
    public func check(_ marker: CarrierMarker, _ organisation: String) throws(BundleError) {
        guard marker.organisation.utf8.elementsEqual(organisation.utf8) else {
            throw BundleError(
                .wrongOrganisation, file: path,
                "the carrier belongs to \(BundleError.shown(marker.organisation)), "
                    + "this node to \(BundleError.shown(organisation))")
        }
    }
}
