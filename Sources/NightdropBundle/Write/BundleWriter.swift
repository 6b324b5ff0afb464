import NightdropFiles
import NightdropFormats
import NightdropModel

/// A bundle that stands under its final name.
public struct WrittenBundle: Sendable {
    /// Where it is.
    public let path: String
    /// Its size in bytes.
    public let size: Int64
    /// Its manifest, entries included.
    public let manifest: Manifest

    /// A written bundle.
    public init(path: String, size: Int64, manifest: Manifest) {
        self.path = path
        self.size = size
        self.manifest = manifest
    }
}

/// Writes bundles. The same manifest, contents and key give the same bytes.
public enum BundleWriter {
    /// Writes a bundle under its final name, durably, or leaves nothing there.
    ///
    /// The manifest's entries are filled in here. Contents stand in the archive in the order given. With `verifyCopy` the
    /// bundle is read back from the medium, and every hash checked, before it gets its name. What an addressee would
    /// refuse for its form or for a limit is refused here, and what the medium has no room for.
    ///
    /// `progress` is called with the share that is done, from 0 to 1.
    public static func write(
        manifest: Manifest, contents: [BundleContent], key: SigningKey, to path: String,
        fileSystem: any FileSystem, verifyCopy: Bool, progress: ((Double) -> Void)? = nil
    ) throws(BundleError) -> WrittenBundle {
        var manifest = manifest
        do {
            manifest.entries = []
            for content in contents { manifest.entries.append(try content.entry(fileSystem)) }
        } catch {
            throw BundleError(reading: path, error)
        }
        let packing = try Packing(manifest: manifest, key: key, path: path)
        try checkRoom(for: packing.largestSize, at: path, fileSystem)
        let work = Work(total: packing.largestSize * (verifyCopy ? 2 : 1), progress)
        var size: Int64 = 0
        do {
            let write = { (file: any OpenFile) in
                size = try packing.write(contents, to: work.counted(file), fileSystem)
            }
            let verify = { (file: any OpenFile) in try packing.verify(work.counted(file)) }
            try fileSystem.publish(path, write: write, verify: verifyCopy ? verify : nil)
            if verifyCopy, try fileSystem.status(path)?.size != size {
                throw BundleError(.inputOutput, file: path, "it was written, but the medium does not show it")
            }
        } catch {
            throw BundleError(writing: path, error)
        }
        return WrittenBundle(path: path, size: size, manifest: manifest)
    }

    /// Asks the medium before anything is written to it.
    private static func checkRoom(for size: Int64, at path: String, _ fileSystem: any FileSystem) throws(BundleError) {
        let folder = Path.directory(of: path)
        let medium: Medium?
        do throws(FileError) { medium = try fileSystem.medium(of: folder) } catch {
            throw BundleError(writing: folder, error)
        }
        guard let medium else { return }
        if medium.isReadOnly {
            throw BundleError(.cannotCreate, file: folder, "it is read-only, so nothing was written")
        }
        if size > medium.freeBytes {
            throw BundleError(
                .inputOutput, file: folder,
                "it has no room for \(Path.name(of: path)): \(size) bytes are needed, \(medium.freeBytes) are free; "
                    + "nothing was written")
        }
        if let largest = medium.largestFileBytes, size > largest {
            throw BundleError(
                .inputOutput, file: folder,
                "it takes files of at most \(largest) bytes, \(Path.name(of: path)) has \(size); nothing was written")
        }
    }
}

/// How far the writing of a bundle is.
private final class Work {
    private let total: Int64
    private let progress: ((Double) -> Void)?
    private var done: Int64 = 0

    init(total: Int64, _ progress: ((Double) -> Void)?) {
        self.total = max(1, total)
        self.progress = progress
    }

    func counted(_ file: any OpenFile) -> any OpenFile {
        guard let progress else { return file }
        return CountingFile(file) { [self] count in
            done += Int64(count)
            progress(min(1, Double(done) / Double(total)))
        }
    }
}

/// A bundle whose manifest is final and signed.
private struct Packing {
    let manifest: Manifest
    let path: String
    let manifestBytes: [UInt8]
    let signatureBytes: [UInt8]

    init(manifest: Manifest, key: SigningKey, path: String) throws(BundleError) {
        self.manifest = manifest
        self.path = path
        manifestBytes = manifest.bytes
        guard manifestBytes.count <= Limits.manifestBytes else {
            throw BundleError(
                .limit, file: path, entry: BundleHead.manifestName,
                "it would have \(manifestBytes.count) bytes, and at most \(Limits.manifestBytes) are allowed; "
                    + "split the bundle into parts")
        }
        try EntryRules.check(manifest, file: path)
        do {
            // What cannot be read back must not leave the house.
            _ = try Manifest(manifestBytes)
            signatureBytes = Array(
                try SSHSignature.sign(manifestBytes, namespace: SSHSignature.Namespace.bundle, key: key).armored.utf8)
        } catch {
            throw BundleError(writing: path, error)
        }
    }

    /// At least the bytes of the archive: blocks are filled up, every entry has headers, and the end is rounded up.
    var largestSize: Int64 {
        let sizes = [Int64(manifestBytes.count), Int64(signatureBytes.count)] + manifest.entries.map(\.size)
        return sizes.reduce(10 << 10) { $0 + $1 + 2048 }
    }

    /// Returns the size of the archive.
    func write(_ contents: [BundleContent], to file: any OpenFile, _ fileSystem: any FileSystem) throws -> Int64 {
        let archive = try ArchiveWriter(file, modified: manifest.created / 1000)
        try archive.add(BundleHead.manifestName, manifestBytes)
        try archive.add(BundleHead.signatureName, signatureBytes)
        for content in contents { try content.add(to: archive, fileSystem) }
        return try archive.finish()
    }

    func verify(_ file: any OpenFile) throws {
        let archive = try StrictArchive(file, path: path)
        let head = try BundleHead(archive)
        guard head.manifestBytes == manifestBytes, head.signatureBytes == signatureBytes else {
            throw BundleError(
                .damaged, file: path, entry: BundleHead.manifestName,
                "the medium gave back other bytes than were written")
        }
        _ = try archive.checkContents(of: manifest)
    }
}
