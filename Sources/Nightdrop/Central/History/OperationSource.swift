import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropMerge
import NightdropModel
import NightdropStore

/// Fetches operations from where central keeps them as they came: its archive, and its own journal.
///
/// Made for reading in the order of changes, in which segments follow each other: it holds a few texts only.
final class OperationSource {
    /// An operation, the text that it stands in, and who recorded it.
    struct Found {
        let text: SegmentText
        let operation: ScannedOperation
        let journal: JournalRow
        let segment: SegmentRow

        /// The bytes of a part of the operation, as a text; nil where it is absent.
        func string(_ range: ByteRange) -> String? {
            range.isPresent ? JSONString.unescaped(text.buffer[range]) : nil
        }
    }

    private let reader: any CentralReader
    private let fileSystem: any FileSystem
    private let directory: String
    private var own: [Int32: OwnLines] = [:]
    private let central: Central
    private let journals: [Int32: JournalRow]
    private var segments: [Int64: SegmentRow] = [:]
    /// The texts at hand, the one used last at the end.
    private var texts: [(segment: Int64, text: ArchivedText)] = []
    private static let mostTexts = 3
    private static let mostSegments = 10_000

    init(_ central: Central, _ reader: any CentralReader) throws {
        self.reader = reader
        fileSystem = central.fileSystem
        directory = central.directory.path
        self.central = central
        journals = Dictionary(try reader.journals().map { ($0.code, $0) }) { first, _ in first }
    }

    /// The operation of a change.
    func operation(of change: LoggedChange) throws -> Found {
        let segment = try segment(change.segment)
        guard let journal = journals[segment.journal] else {
            throw NightdropError(.inputOutput, "change \(change.csn) is of a journal that the store does not know")
        }
        if segment.file == nil {
            let line = try lines(of: journal).line(change.offset)
            let text = SegmentText(capacity: line.count)
            text.append(room: line.count) { room in
                room.copyBytes(from: line)
                return line.count
            }
            let operation = try OperationScanner.scan(text.buffer, 0..<line.count)
            return Found(text: text, operation: operation, journal: journal, segment: segment)
        }
        let text = try text(segment)
        let line = try text.line(at: Int(change.offset))
        var operation: ScannedOperation
        do throws(JSONError) { operation = try OperationScanner.scan(text.text.buffer, line) } catch {
            throw NightdropError(
                .inputOutput, "\(text.path): there is no operation where change \(change.csn) should be: \(error)")
        }
        operation.base = segment.known(operation.base)
        return Found(text: text.text, operation: operation, journal: journal, segment: segment)
    }

    /// The lines of one of head office's own journals.
    private func lines(of journal: JournalRow) -> OwnLines {
        if let known = own[journal.code] { return known }
        let lines = OwnLines(central.ownLines(of: journal))
        own[journal.code] = lines
        return lines
    }

    /// A segment of the store.
    func segment(_ id: Int64) throws -> SegmentRow {
        if let known = segments[id] { return known }
        guard let row = try reader.segment(id: id) else {
            throw NightdropError(.inputOutput, "the store does not know segment \(id)")
        }
        if segments.count >= OperationSource.mostSegments { segments = [:] }
        segments[id] = row
        return row
    }

    private func text(_ segment: SegmentRow) throws -> ArchivedText {
        if let index = texts.lastIndex(where: { $0.segment == segment.id }) {
            let found = texts.remove(at: index)
            texts.append(found)
            return found.text
        }
        if texts.count == OperationSource.mostTexts { texts.removeFirst() }
        let file = try fileSystem.open(directory + "/" + (segment.file ?? ""), .read)
        let text = try ArchivedText(file, segment.offset..<(segment.offset + segment.length))
        texts.append((segment.id, text))
        return text
    }
}

/// The text of a segment in an archive, inflated as far as somebody has asked for.
private final class ArchivedText {
    let text = SegmentText(capacity: 256 << 10)
    var path: String { file.path }
    private let file: any OpenFile
    private let inflater: GzipDecompressor
    private var rest: Range<Int64>
    private var input = [UInt8](repeating: 0, count: 64 << 10)

    init(_ file: any OpenFile, _ range: Range<Int64>) throws {
        self.file = file
        rest = range
        inflater = try GzipDecompressor()
    }

    /// The line that begins there, without its newline.
    func line(at start: Int) throws -> Range<Int> {
        var searched = start
        while true {
            let buffer = text.buffer
            while searched < buffer.count {
                if buffer[searched] == UInt8(ascii: "\n") { return start..<searched }
                searched += 1
            }
            guard try more() else {
                throw NightdropError(.inputOutput, "\(file.path): the segment ends before byte \(start) of its text")
            }
        }
    }

    /// Inflates some more; false at the end.
    private func more() throws -> Bool {
        guard !rest.isEmpty else { return false }
        let wanted = Int(min(Int64(input.count), rest.upperBound - rest.lowerBound))
        let offset = rest.lowerBound
        let count = try input.withUnsafeMutableBytes { buffer in
            try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
        }
        guard count > 0 else { return false }
        rest = (offset + Int64(count))..<rest.upperBound
        try input.withUnsafeBytes { buffer in
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            while !rest.isEmpty {
                var read = 0
                try text.append(room: 256 << 10) { room in
                    let (taken, written) = try inflater.inflate(rest, into: room)
                    read = taken
                    guard taken > 0 || written > 0 else { throw GzipError("damaged compressed data") }
                    return written
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[read...])
            }
        }
        return true
    }
}

/// The lines of one of head office's own journals, fetched some at a time.
final class OwnLines {
    private let reader: JournalReader
    private var lines: [Int64: [UInt8]] = [:]
    private static let ahead: Int64 = 500

    init(_ reader: JournalReader) { self.reader = reader }

    func line(_ seq: Int64) throws -> [UInt8] {
        if let line = lines[seq] { return line }
        lines = [:]
        try reader.read(from: seq, through: seq + OwnLines.ahead) { buffer, operations in
            for operation in operations { lines[operation.seq] = Array(buffer[operation.line]) }
        }
        guard let line = lines[seq] else {
            throw NightdropError(.inputOutput, "head office's own journal does not hold operation \(seq)")
        }
        return line
    }
}

/// The names of an object's fields.
enum FieldNames {
    static func of(_ object: ByteRange, _ buffer: UnsafeRawBufferPointer) -> [String] {
        var names: [String] = []
        var cursor = FieldCursor(buffer, object)
        while let member = cursor.next() { names.append(JSONString.unescaped(buffer[member.name])) }
        return names
    }
}
