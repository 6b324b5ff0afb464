import NightdropFiles
import NightdropFormats

/// Looks into a bundle without trusting it.
public enum BundleReader {
    /// What a bundle shows of itself. None of it is to be relied on.
    public struct Inspection: Sendable {
        /// The manifest.
        public let manifest: Manifest
        /// The fingerprint of the key that signed the manifest; nil if the signature is not sound.
        public let fingerprint: String?
        /// Every entry, in order, as far as the archive could be read.
        public let entries: [ArchiveEntry]
        /// What is wrong with the signature, or else with the entries behind it: sizes and hashes too.
        public let problem: BundleError?
    }

    /// Reads a bundle to its end. Refused only where not even the manifest can be read.
    public static func open(_ path: String, fileSystem: any FileSystem) throws(BundleError) -> Inspection {
        do {
            let file = try fileSystem.open(path, .read)
            let head = try BundleHead(StrictArchive(file, path: path))
            let manifest = try head.manifest()
            var fingerprint: String?
            var problem: BundleError?
            do throws(BundleError) { fingerprint = try head.verifiedSignature().publicKey.fingerprint } catch {
                problem = error
            }
            let contentProblem = check(file, path, manifest)
            return Inspection(
                manifest: manifest, fingerprint: fingerprint, entries: entries(of: file),
                problem: problem ?? contentProblem)
        } catch {
            throw BundleError(reading: path, error)
        }
    }

    /// The manifest of a bundle, and the fingerprint of the key that signed it; only that much is read, and the signature
    /// verified. Whose key it is, is not known.
    public static func head(
        of path: String, fileSystem: any FileSystem
    ) throws(BundleError) -> (manifest: Manifest, fingerprint: String) {
        do {
            let head = try BundleHead(StrictArchive(fileSystem.open(path, .read), path: path))
            let fingerprint = try head.verifiedSignature().publicKey.fingerprint
            return (try head.manifest(), fingerprint)
        } catch {
            throw BundleError(reading: path, error)
        }
    }

    private static func check(_ file: any OpenFile, _ path: String, _ manifest: Manifest) -> BundleError? {
        do {
            try EntryRules.check(manifest, file: path)
            let archive = try StrictArchive(file, path: path)
            _ = try BundleHead(archive)
            _ = try archive.checkContents(of: manifest)
            return nil
        } catch {
            return BundleError(reading: path, error)
        }
    }

    /// The entries up to the first that cannot be read.
    private static func entries(of file: any OpenFile) -> [ArchiveEntry] {
        var entries: [ArchiveEntry] = []
        guard let reader = try? ArchiveReader(file) else { return [] }
        while let entry = try? reader.next() { entries.append(entry) }
        return entries
    }
}
