import Glibc
import NightdropFiles

/// Reads lines from a file or from standard input as they come, in memory of one line.
final class LineReader {
    /// The longest line: a transaction and its brackets.
    static let longestLine = 16 << 20

    /// What messages call the input.
    let name: String
    /// The number of the line that was read last, from 1.
    private(set) var number = 0
    /// The bytes of the lines read so far.
    private(set) var consumed: Int64 = 0
    /// The size of a file; nil for what has none.
    let size: Int64?
    private var descriptor: Int32
    /// Where the first line begins; known once it can be read again.
    private var beginning: off_t = 0
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    /// A reader of a file; of standard input for nil and `-`.
    init(_ path: String?) throws(FileError) {
        guard let path, path != "-" else {
            (name, descriptor, size) = ("standard input", STDIN_FILENO, nil)
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(code: errno, operation: "open", path: path) }
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        (name, size) = (path, isFile ? Int64(status.st_size) : nil)
        self.descriptor = descriptor
    }

    /// Makes it possible to read what has not been read yet twice, see `readAgain`.
    func allowReadingAgain() throws(FileError) {
        let rereadable = try LineReader.rereadable(descriptor, name)
        if rereadable != descriptor, descriptor != STDIN_FILENO { close(descriptor) }
        descriptor = rereadable
        beginning = lseek(descriptor, 0, SEEK_CUR)
    }

    /// Begins anew with the first line.
    func readAgain() throws(FileError) {
        guard lseek(descriptor, beginning, SEEK_SET) >= 0 else {
            throw FileError(code: errno, operation: "read", path: name)
        }
        (number, consumed, buffer, start, isAtEnd) = (0, 0, [], 0, false)
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    /// The next line without its end; nil at the end.
    func next() throws -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return line(start..<end, consuming: end + 1 - start)
            }
            searched = buffer.count
            guard buffer.count - start <= LineReader.longestLine else {
                throw InputError(self, line: number + 1, "the line is longer than \(LineReader.longestLine >> 20) MiB")
            }
            guard !isAtEnd else {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                return line(start..<buffer.count, consuming: buffer.count - start)
            }
            searched -= start
            try fill()
        }
    }

    /// The next line, if it has been read whole already; nil rather than wait for it.
    func nextAtHand() -> [UInt8]? {
        guard let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { start = end + 1 }
        return line(start..<end, consuming: end + 1 - start)
    }

    private func line(_ range: Range<Int>, consuming count: Int) -> [UInt8] {
        number += 1
        consumed += Int64(count)
        var line = buffer[range]
        // Windows programs begin a file with a byte order mark, which is no part of its first line.
        if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }

    /// Moves the rest to the front and reads on.
    private func fill() throws(FileError) {
        buffer.removeFirst(start)
        start = 0
        let old = buffer.count
        let room = 64 << 10
        buffer.append(contentsOf: repeatElement(0, count: room))
        var count: Int
        repeat {
            count = buffer[old...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, room) }
        } while count < 0 && errno == EINTR
        buffer.removeLast(room - max(count, 0))
        guard count >= 0 else { throw FileError(code: errno, operation: "read", path: name) }
        isAtEnd = count == 0
    }
}

/// A line of the input that cannot be taken.
struct InputError: Error, CustomStringConvertible {
    let description: String

    init(_ reader: LineReader, line: Int, _ problem: String) {
        description = "\(reader.name), line \(line): \(problem)"
    }
}
