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
