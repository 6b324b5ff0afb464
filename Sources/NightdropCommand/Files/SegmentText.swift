import NightdropFiles
import NightdropFormats
import NightdropModel

/// The text of journal segments within a file: one, as a journal and a bundle hold it, or many one behind the other, as
/// head office's archive holds them. Read piece by piece.
final class SegmentText {
    private let file: any OpenFile
    private let range: Range<Int64>
    private let inflater: GzipDecompressor
    private var offset: Int64
    private var text: [UInt8] = []

    /// Whether the text ends within a gzip member, as that of a segment does which is being written.
    private(set) var isTorn = false

    /// The text in a part of a file; in all of it for nil.
    init(_ file: any OpenFile, _ range: Range<Int64>? = nil) throws {
        self.file = file
        self.range = try range ?? 0..<file.size()
        offset = self.range.lowerBound
        inflater = try GzipDecompressor()
    }

    /// Hands on each line, newline not included.
    func lines(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var input = [UInt8](repeating: 0, count: 256 << 10)
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { output.deallocate() }
        while offset < range.upperBound {
            let wanted = Int(min(Int64(input.count), range.upperBound - offset))
            let count = try input.withUnsafeMutableBytes {
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]), at: offset)
            }
            guard count > 0 else { break }
            offset += Int64(count)
            try input.withUnsafeBytes { bytes in
                var rest = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                while true {
                    let used = try inflater.inflate(rest, into: output)
                    text.append(contentsOf: output[..<used.written])
                    rest = UnsafeRawBufferPointer(rebasing: rest[used.read...])
                    if used.written < output.count && rest.isEmpty { break }
                }
            }
            try handOn(body)
        }
        isTorn = !inflater.isAtMemberEnd || !text.isEmpty
    }

    private func handOn(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var start = 0
        try text.withUnsafeBytes { bytes in
            while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                try body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end + 1
            }
        }
        text.removeFirst(start)
        guard text.count <= Limits.operationBytes else { throw GzipError("a line of more than 1 MiB") }
    }
}
