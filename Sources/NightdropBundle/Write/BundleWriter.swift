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
    /// refuse for its form or for a limit is refused here.
    public static func write(
        manifest: Manifest, contents: [BundleContent], key: SigningKey, to path: String,
        fileSystem: any FileSystem, verifyCopy: Bool
    ) throws(BundleError) -> WrittenBundle {
        var manifest = manifest
        do {
            manifest.entries = []
            for content in contents { manifest.entries.append(try content.entry(fileSystem)) }
        } catch {
            throw BundleError(reading: path, error)
        }
        let packing = try Packing(manifest: manifest, key: key, path: path)
        let verify: ((any OpenFile) throws -> Void)? = verifyCopy ? { try packing.verify($0) } : nil
        var size: Int64 = 0
        do {
            let write = { (file: any OpenFile) in size = try packing.write(contents, to: file, fileSystem) }
            try fileSystem.publish(path, write: write, verify: verify)
        } catch {
            throw BundleError(writing: path, error)
        }
        return WrittenBundle(path: path, size: size, manifest: manifest)
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
