import NightdropFormats
import NightdropModel

/// The first two entries of a bundle: the manifest, and the signature of its exact bytes.
struct BundleHead {
    static let manifestName = "manifest.json"
    static let signatureName = "manifest.json.sig"
    /// Many times the size of a signature.
    private static let signatureBytesLimit = 64 << 10

    let path: String
    let manifestBytes: [UInt8]
    let signatureBytes: [UInt8]

    /// Reads the beginning of an archive. Nothing is verified yet.
    init(_ archive: StrictArchive) throws {
        path = archive.path
        guard let first = try archive.next(), first.name == Self.manifestName else {
            throw BundleError(noBundle: path, "its first entry is not \(Self.manifestName)")
        }
        manifestBytes = try Self.content(of: first, in: archive, limit: Limits.manifestBytes)
        guard let second = try archive.next(), second.name == Self.signatureName else {
            throw BundleError(.unsigned, file: path, "its second entry is not the signature, \(Self.signatureName)")
        }
        signatureBytes = try Self.content(of: second, in: archive, limit: Self.signatureBytesLimit)
    }

    /// What the manifest says.
    func manifest() throws(BundleError) -> Manifest {
        do throws(ManifestError) { return try Manifest(manifestBytes) } catch {
            throw BundleError(reading: path, error)
        }
    }

    /// The signature, which is known to be one of the manifest by the key that it names. Whose key that is, is not.
    func verifiedSignature() throws(BundleError) -> SSHSignature {
        guard !signatureBytes.isEmpty else {
            throw BundleError(.unsigned, file: path, entry: Self.signatureName, "it is empty")
        }
        let signature: SSHSignature
        do throws(SignatureError) { signature = try SSHSignature(armored: signatureBytes) } catch {
            let code: BundleError.Code = error.kind == .unsupportedKey ? .unknownKey : .damaged
            throw BundleError(code, file: path, entry: Self.signatureName, error.reason)
        }
        // First for the purpose that the signature itself names: only a sound signature can be one for another purpose.
        do throws(SignatureError) { try signature.verify(manifestBytes, namespace: signature.namespace) } catch {
            throw BundleError(.damaged, file: path, entry: Self.manifestName, error.reason)
        }
        do throws(SignatureError) {
            try signature.verify(manifestBytes, namespace: SSHSignature.Namespace.bundle)
        } catch {
            throw BundleError(.unsigned, file: path, entry: Self.signatureName, error.reason)
        }
        return signature
    }

    private static func content(of entry: ArchiveEntry, in archive: StrictArchive, limit: Int) throws -> [UInt8] {
        guard entry.size <= Int64(limit) else {
            throw BundleError(
                .limit, file: archive.path, entry: entry.name,
                "it has \(entry.size) bytes, and at most \(limit) are allowed")
        }
        return try archive.bytes(limit: limit)
    }
}
