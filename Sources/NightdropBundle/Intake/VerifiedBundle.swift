import NightdropFiles
import NightdropFormats
import NightdropModel

/// A bundle of which everything was checked: who signed it, for whom it is, and every byte.
public struct VerifiedBundle: Sendable {
    /// The manifest.
    public let manifest: Manifest
    /// The exact bytes of the manifest, which are what is signed.
    public let manifestBytes: [UInt8]
    /// The armored signature.
    public let signatureBytes: [UInt8]
    /// The key that signed it.
    public let key: PublicKey
    /// The file: the copy in the inbox, or the original where none was made.
    public let path: String
    /// Where each entry of the manifest stands in the file, by name.
    public let entries: [String: ArchiveEntry]
    /// Where the file is.
    public let fileSystem: any FileSystem

    /// The same bundle, whose file was moved.
    public func moved(to path: String) -> VerifiedBundle {
        VerifiedBundle(
            manifest: manifest, manifestBytes: manifestBytes, signatureBytes: signatureBytes, key: key, path: path,
            entries: entries, fileSystem: fileSystem)
    }

    /// Where the content of an entry stands in the file.
    public func entryRange(_ name: String) throws(BundleError) -> Range<Int64> {
        guard let entry = entries[name] else {
            throw BundleError(.malformed, file: path, entry: BundleError.shown(name), "the bundle has no such entry")
        }
        return entry.offset..<entry.offset + entry.size
    }

    /// The content of an entry of at most 4 MiB, its hash checked once more.
    public func read(_ name: String) throws(BundleError) -> [UInt8] {
        try read(name, from: try open())
    }

    /// Hands over the content of an entry piece by piece, at most 256 KiB at a time. The hash is not checked again.
    public func withEntry(_ name: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let range = try entryRange(name)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: StrictArchive.chunkBytes, alignment: 16)
        defer { chunk.deallocate() }
        let file = try open()
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = Int(min(Int64(chunk.count), range.upperBound - offset))
            let piece = UnsafeMutableRawBufferPointer(rebasing: chunk[..<wanted])
            guard try count(reading: file, piece, offset) == wanted else { throw changed(name) }
            try body(UnsafeRawBufferPointer(piece))
            offset += Int64(wanted)
        }
    }

    /// The file, for reading entries by their ranges.
    public func open() throws(BundleError) -> any OpenFile {
        do throws(FileError) { return try fileSystem.open(path, .read) } catch {
            throw BundleError(reading: path, error)
        }
    }

    /// The content of an entry of `file`, which holds the same bytes.
    func read(_ name: String, from file: any OpenFile) throws(BundleError) -> [UInt8] {
        let range = try entryRange(name)
        guard range.upperBound - range.lowerBound <= Int64(Limits.manifestBytes) else {
            throw BundleError(
                .limit, file: path, entry: name,
                "it has more than the \(Limits.manifestBytes) bytes that are read at once")
        }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try file.bytes(at: range.lowerBound, count: Int(range.upperBound - range.lowerBound))
        } catch {
            throw BundleError(reading: path, error)
        }
        let expected = manifest.entries.first { $0.path == name }?.hash
        guard ContentHash.of(bytes) == expected else { throw changed(name) }
        return bytes
    }

    private func count(
        reading file: any OpenFile, _ buffer: UnsafeMutableRawBufferPointer, _ offset: Int64
    ) throws(BundleError) -> Int {
        do throws(FileError) { return try file.read(into: buffer, at: offset) } catch {
            throw BundleError(reading: path, error)
        }
    }

    private func changed(_ name: String) -> BundleError {
        BundleError(.damaged, file: path, entry: name, "it changed after it was verified")
    }
}
