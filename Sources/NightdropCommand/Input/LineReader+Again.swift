import Foundation
import Glibc
import NightdropFiles

extension LineReader {
    /// A descriptor of the same bytes that can be read twice: what comes through a pipe is copied to a temporary file that
    /// has no name.
    static func rereadable(_ descriptor: Int32, _ name: String) throws(FileError) -> Int32 {
        guard lseek(descriptor, 0, SEEK_CUR) < 0 else { return descriptor }
        var path = Array((NSTemporaryDirectory() + "/nightdrop-XXXXXX").utf8CString)
        let copy = mkstemp(&path)
        guard copy >= 0 else { throw FileError(code: errno, operation: "create", path: NSTemporaryDirectory()) }
        unlink(path)
        do throws(FileError) {
            try LineReader.copy(descriptor, name, to: copy)
            return copy
        } catch {
            close(copy)
            throw error
        }
    }

    private static func copy(_ source: Int32, _ name: String, to target: Int32) throws(FileError) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(code: errno, operation: "read", path: name) }
            guard count > 0 else { break }
            var written = 0
            while written < count {
                let done = buffer[written..<count].withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
                if done < 0, errno == EINTR { continue }
                guard done > 0 else {
                    throw FileError(code: errno, operation: "write", path: NSTemporaryDirectory())
                }
                written += done
            }
        }
        guard lseek(target, 0, SEEK_SET) == 0 else {
            throw FileError(code: errno, operation: "read", path: NSTemporaryDirectory())
        }
    }
}
