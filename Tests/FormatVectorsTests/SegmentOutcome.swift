import NightdropFormats

/// Reads a segment in pieces and says in the words of an `.expect` file what it found.
struct SegmentOutcome {
    private var parser = SegmentParser()
    private var rest: [UInt8] = []
    private var lines = 0

    /// `compressedPiece` and `textPiece` are the sizes of the pieces, in bytes, that each step is given.
    static func of(_ file: [UInt8], compressedPiece: Int, textPiece: Int) -> String {
        var outcome = SegmentOutcome()
        do {
            for member in try members(file, piece: compressedPiece) {
                if let member {
                    try outcome.take(member, piece: textPiece)
                } else {
                    return "truncated \(outcome.parser.count) operations"
                }
            }
            return try outcome.end()
        } catch is GzipError {
            return "damaged"
        } catch let error as SegmentError {
            return error.reason.hasPrefix("unknown format") ? "unknown-format" : "malformed line \(error.line)"
        } catch {
            return "\(error)"
        }
    }

    /// The text of each whole member; nil at the end of a file that ends within one.
    private static func members(_ file: [UInt8], piece: Int) throws -> [[UInt8]?] {
        let decompressor = try GzipDecompressor()
        var members: [[UInt8]?] = []
        var text: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 16)
        var start = 0
        while start < file.count {
            let end = min(file.count, start + piece)
            let before = decompressor.members
            let (read, written) = try file[start..<end].withUnsafeBytes { input in
                try room.withUnsafeMutableBytes { try decompressor.inflate(input, into: $0, stopAtMember: true) }
            }
            start += read
            text += room[..<written]
            if decompressor.members > before {
                members.append(text)
                text = []
            }
        }
        return decompressor.isAtMemberEnd && !members.isEmpty ? members : members + [nil]
    }

    private mutating func take(_ text: [UInt8], piece: Int) throws {
        for start in stride(from: 0, to: text.count, by: piece) {
            rest += text[start..<min(text.count, start + piece)]
            let used = try rest.withUnsafeBytes { try parser.parse($0, 0..<$0.count) { _ in } }
            lines += rest[..<used].count { $0 == UInt8(ascii: "\n") }
            rest.removeFirst(used)
        }
    }

    private func end() throws -> String {
        guard rest.isEmpty, parser.header != nil, !parser.isWithinTransaction else {
            return "malformed line \(lines + 1)"
        }
        let isSealed = parser.trailer != nil
        return "\(isSealed ? "sealed" : "open") \(parser.count) operations" + (isSealed ? " hash \(parser.hash)" : "")
    }
}
