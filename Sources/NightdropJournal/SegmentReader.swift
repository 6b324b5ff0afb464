import NightdropFiles
import NightdropFormats
import NightdropModel

/// Reads a segment's file piece by piece: whole members, whole lines, every line checked.
final class SegmentReader {
    let number: Int64
    let isSealed: Bool
    /// What has been read so far.
    private(set) var parser: SegmentParser
    /// The bytes of text read so far.
    private(set) var textSize: Int64
    /// The last operation's line.
    private(set) var lastLine: [UInt8]?
    /// The last operation's time.
    private(set) var lastTime: HybridTime?
    /// Whether the file ends within a member.
    private(set) var isTorn = false
    private let members: MemberReader
    private let text = TextBuffer()
    private var taken = 0
    private var isAtEnd = false
    private var operations: [ScannedOperation] = []

    /// A reader from the beginning of a file, or from behind what another one has read.
    init(
        _ file: any OpenFile, number: Int64, isSealed: Bool, from offset: Int64 = 0,
        parser: SegmentParser = SegmentParser(),
        textSize: Int64 = 0
    ) throws(JournalError) {
        self.number = number
        self.isSealed = isSealed
        self.parser = parser
        self.textSize = textSize
        members = try MemberReader(file, at: offset)
    }

    /// Where the last whole member ended.
    var memberEnd: Int64 { members.memberEnd }

    /// The next piece: whole lines and the operations among them; nil at the end.
    func next(goal: Int = 256 << 10) throws(JournalError) -> (
        lines: UnsafeRawBufferPointer, operations: [ScannedOperation]
    )? {
        text.removeFirst(taken)
        taken = 0
        operations.removeAll(keepingCapacity: true)
        while !isAtEnd, taken == 0 {
            let before = text.count
            let end = try members.read(into: text, goal: goal)
            textSize += Int64(text.count - before)
            try finish(end)
            let buffer = text.bytes
            do throws(SegmentError) {
                taken = try parser.parse(buffer, 0..<buffer.count) { operations.append($0) }
            } catch {
                throw damaged("\(error)")
            }
            guard !isAtEnd || taken == text.count else { throw damaged("the last line does not end") }
        }
        guard taken > 0 else { return nil }
        if let last = operations.last {
            lastLine = Array(text.bytes[last.line])
            lastTime = last.time
        }
        return (UnsafeRawBufferPointer(rebasing: text.bytes[..<taken]), operations)
    }

    /// Reads to the end.
    func readAll() throws(JournalError) {
        while try next() != nil {}
    }

    /// What the segment is, once it was read to the end.
    func summary() throws(JournalError) -> SegmentSummary {
        guard let header = parser.header else { throw damaged("it holds no header") }
        guard header.segment == number else { throw damaged("it holds segment \(header.segment)") }
        guard parser.trailer != nil || !isSealed else { throw damaged("its last line is missing") }
        return SegmentSummary(
            header: header, trailer: parser.trailer, last: parser.last, count: parser.count, totals: parser.totals,
            hash: parser.hash)
    }

    func damaged(_ reason: String) -> JournalError {
        JournalError(.damaged, members.file.path, "segment \(number), \(reason)")
    }

    private func finish(_ end: MemberReader.End) throws(JournalError) {
        switch end {
        case .more: return
        case .whole: isAtEnd = true
        case .torn:
            guard !isSealed else { throw damaged("damaged data at byte \(memberEnd) of the file") }
            isAtEnd = true
            isTorn = true
        }
    }

    /// The hash of all text of a file, which is not looked at otherwise.
    static func textHash(_ file: any OpenFile) throws(JournalError) -> ContentHash {
        let members = try MemberReader(file)
        let text = TextBuffer()
        var hasher = ContentHasher()
        while true {
            let end = try members.read(into: text, goal: 1)
            hasher.update(text.bytes)
            text.truncate(to: 0)
            switch end {
            case .more: continue
            case .whole: return hasher.finish()
            case .torn: throw JournalError(.damaged, file.path, "damaged data at byte \(members.memberEnd) of the file")
            }
        }
    }

    /// The first line of a file, without reading further than needed.
    static func header(_ file: any OpenFile, number: Int64) throws(JournalError) -> SegmentHeader {
        func damaged(_ reason: String) -> JournalError {
            JournalError(.damaged, file.path, "segment \(number), \(reason)")
        }
        let text = TextBuffer()
        let input = TextBuffer()
        var offset: Int64 = 0
        do {
            let inflater = try GzipDecompressor()
            while true {
                input.truncate(to: 0)
                input.extend(by: try file.read(into: input.room(16 << 10), at: offset))
                guard input.count > 0 else { throw damaged("its header is not whole") }
                offset += Int64(input.count)
                while input.count > 0 {
                    let used = try inflater.inflate(input.bytes, into: text.room(4 << 10))
                    input.removeFirst(used.read)
                    text.extend(by: used.written)
                    if let end = text.bytes.firstIndex(of: UInt8(ascii: "\n")) {
                        return try SegmentHeader(line: UnsafeRawBufferPointer(rebasing: text.bytes[..<end]))
                    }
                    guard text.count <= Limits.operationBytes else { throw damaged("its header does not end") }
                }
            }
        } catch let error as GzipError {
            throw damaged(error.reason)
        } catch let error as JSONError {
            throw damaged("line 1: \(error)")
        } catch {
            throw JournalError(error, path: file.path)
        }
    }
}
