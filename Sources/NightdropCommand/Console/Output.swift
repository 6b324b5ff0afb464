import Glibc
import NightdropFiles
import NightdropFormats

/// Standard output, buffered.
final class Output {
    private var buffer: [UInt8] = []

    /// Appends bytes.
    func write(_ bytes: some Sequence<UInt8>) throws(FileError) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= 64 << 10 { try flush() }
    }

    /// Appends a line.
    func line(_ text: String) throws(FileError) { try write((text + "\n").utf8) }

    /// Appends a JSON value as a line.
    func json(_ value: JSONValue) throws(FileError) { try write(value.bytes + [UInt8(ascii: "\n")]) }

    /// Hands everything to the system. If nobody reads any more the process ends quietly, as other tools do.
    func flush() throws(FileError) {
        var start = 0
        while start < buffer.count {
            let written = buffer[start...].withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written >= 0 {
                start += written
            } else if errno == EPIPE {
                signal(SIGPIPE, SIG_DFL)
                raise(SIGPIPE)
            } else if errno != EINTR {
                throw FileError(code: errno, operation: "write to", path: "standard output")
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
