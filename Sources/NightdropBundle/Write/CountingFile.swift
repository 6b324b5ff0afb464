import NightdropFiles

/// A file that tells how many bytes are read from it or written to it.
final class CountingFile: OpenFile {
    private let base: any OpenFile
    private let count: (Int) -> Void

    init(_ base: any OpenFile, _ count: @escaping (Int) -> Void) {
        self.base = base
        self.count = count
    }

    var path: String { base.path }

    func size() throws(FileError) -> Int64 { try base.size() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        let read = try base.read(into: buffer, at: offset)
        count(read)
        return read
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        try base.write(bytes, at: offset)
        count(bytes.count)
    }

    func synchronize() throws(FileError) { try base.synchronize() }

    func truncate(to size: Int64) throws(FileError) { try base.truncate(to: size) }

    func dropCache() throws(FileError) { try base.dropCache() }
}
