import Glibc

extension FileError {
    /// The error behind an error number of the system (`errno`).
    package init(code: Int32, operation: String, path: String) {
        var text = [CChar](repeating: 0, count: 256)
        let reason =
            strerror_r(code, &text, text.count) == 0
            ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            : "error \(code)"
        self.init(kind: Kind(code: code), operation: operation, path: path, code: code, reason: reason)
    }
}

extension FileError {
    /// Whether it is the file that is too large, and not the room too small: a share may stand on FAT without saying so.
    public var isTooLarge: Bool { code == EFBIG }
}

extension FileError.Kind {
    fileprivate init(code: Int32) {
        self =
            switch code {
            case ENOENT: .notFound
            case EEXIST: .exists
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            case EROFS, EACCES, EPERM: .notPermitted
            case EWOULDBLOCK: .locked
            default: .inputOutput
            }
    }
}

/// Makes a system call again while signals interrupt it. A negative result is an error.
@discardableResult
func systemCall<Result: SignedInteger>(
    _ operation: String, _ path: String, _ call: () -> Result
) throws(FileError) -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw FileError(code: code, operation: operation, path: path) }
    }
}

/// All bytes of a file whose size the kernel does not state, such as those in `/proc`.
func readStream(_ path: String) throws(FileError) -> [UInt8] {
    let descriptor = try systemCall("open", path) { open(path, O_RDONLY | O_CLOEXEC) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = try systemCall("read", path) { read(descriptor, &buffer, buffer.count) }
        if count == 0 { return bytes }
        bytes.append(contentsOf: buffer[..<count])
    }
}
