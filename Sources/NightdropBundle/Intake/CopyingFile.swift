import NightdropFiles

/// A file that writes whatever is read from it into a copy, at the same place.
///
/// A part that is read again is written again, so the copy holds what was read last: what was checked.
final class CopyingFile: OpenFile {
    private let source: any OpenFile
    private let copy: any OpenFile

    init(_ source: any OpenFile, into copy: any OpenFile) {
        self.source = source
        self.copy = copy
    }

    var path: String { source.path }

    func size() throws(FileError) -> Int64 { try source.size() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        let count = try source.read(into: buffer, at: offset)
        if count > 0 { try copy.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: offset) }
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) { throw readOnly("write") }

    func synchronize() throws(FileError) { throw readOnly("sync") }

    func truncate(to size: Int64) throws(FileError) { throw readOnly("truncate") }

    func dropCache() throws(FileError) { try source.dropCache() }

    private func readOnly(_ operation: String) -> FileError {
        FileError(kind: .notPermitted, operation: operation, path: path, reason: "it is open for reading only")
    }
}
