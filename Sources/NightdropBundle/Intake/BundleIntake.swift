import NightdropFiles
import NightdropFormats
import NightdropModel

/// Takes bundles in: checks everything about one in a single pass, and copies it meanwhile.
///
/// Order of the checks: form of the archive and limits, signature, whether it is the reader's own, key, format and
/// capabilities, principal, organisation, addressee, kind, then every entry.
public struct BundleIntake: Sendable {
    private let expectations: BundleExpectations
    private let fileSystem: any FileSystem

    /// An intake.
    public init(_ expectations: BundleExpectations, fileSystem: any FileSystem) {
        self.expectations = expectations
        self.fileSystem = fileSystem
    }

    /// Verifies the bundle at `path`.
    ///
    /// With `inboxPath`, its bytes are copied there and stand under that name only if all of them were verified; the
    /// verified bundle is then the copy, which is on the disk if `durably` says so. Without, whoever can change the file
    /// can still change it.
    public func take(
        _ path: String, into inboxPath: String? = nil, durably: Bool = true
    ) throws(BundleError) -> VerifiedBundle {
        let source: any OpenFile
        do throws(FileError) { source = try fileSystem.open(path, .read) } catch {
            throw BundleError(reading: path, error)
        }
        do {
            guard let inboxPath else { return try check(source, path, standingAt: path) }
            var taken: VerifiedBundle?
            try fileSystem.publish(
                inboxPath, durably: durably,
                write: { taken = try check(CopyingFile(source, into: $0), path, standingAt: inboxPath) })
            guard let taken else { throw BundleError(.inputOutput, file: path, "it was not copied") }
            return taken
        } catch {
            throw BundleError(taking: path, error)
        }
    }

    /// Refuses a bundle that was verified a while ago, if it is not from whom and for whom it may be now: keys come and go.
    public func confirm(_ bundle: VerifiedBundle) throws(BundleError) {
        try expectations.trust.admit(bundle.key, file: bundle.path)
        try expectations.trust.admit(bundle.key, bundle.manifest, file: bundle.path)
        try expectations.check(bundle.manifest, file: bundle.path)
    }

    private func check(_ file: any OpenFile, _ path: String, standingAt place: String) throws -> VerifiedBundle {
        let size = try file.size()
        guard size <= expectations.maximumBytes else {
            throw BundleError(
                .limit, file: path, "it has \(size) bytes, and at most \(expectations.maximumBytes) are allowed")
        }
        let archive = try StrictArchive(file, path: path)
        let head = try BundleHead(archive)
        let key = try head.verifiedSignature().publicKey
        try expectations.check(key, of: head)
        try expectations.trust.admit(key, file: path) { BundleTrust.claim(of: head) }
        let manifest = try head.manifest()
        try expectations.trust.admit(key, manifest, file: path)
        try expectations.check(manifest, file: path)
        try EntryRules.check(manifest, file: path)
        let bundle = VerifiedBundle(
            manifest: manifest, manifestBytes: head.manifestBytes, signatureBytes: head.signatureBytes, key: key,
            path: place, entries: try archive.checkContents(of: manifest), fileSystem: fileSystem)
        if expectations.trust.needsKeys {
            let keys = try bundle.read(EntryRules.keysName, from: file)
            try BundleTrust.confirm(key, keys: keys, manifest, file: path)
        }
        return bundle
    }
}
