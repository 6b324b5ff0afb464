import Glibc

/// An open file of the operating system.
final class DiskFile: OpenFile {
    let path: String
    private let descriptor: Int32

    init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func size() throws(FileError) -> Int64 {
        var found = stat()
        try systemCall("look at", path) { fstat(descriptor, &found) }
        return Int64(found.st_size)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try systemCall("read", path) {
                pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = try systemCall("write", path) {
                pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
            }
            // No system is known to answer 0 here; waiting for it to change its mind could take for ever.
            guard count > 0 else { throw FileError(code: EIO, operation: "write", path: path) }
            done += count
        }
    }

    func synchronize() throws(FileError) {
        try systemCall("sync", path) { fdatasync(descriptor) }
    }

    func truncate(to size: Int64) throws(FileError) {
        try systemCall("truncate", path) { ftruncate(descriptor, off_t(size)) }
    }

    /// Pages that are not yet on the medium stay; synchronize first.
    func dropCache() throws(FileError) {
        let code = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        if code != 0 { throw FileError(code: code, operation: "drop the cached pages of", path: path) }
    }
}
