import NightdropFiles
import NightdropFormats
import NightdropModel

/// The segment that is written to. Whoever uses it holds the journal's lock.
final class OpenSegment {
    let number: Int64
    let path: String
    /// Where the next segment will stand.
    let followerPath: String
    private let file: any OpenFile
    /// What it holds, with what is composed and not yet written.
    var parser: SegmentParser
    /// The bytes of its text, with what is composed and not yet written.
    var textSize: Int64
    /// The durable bytes of the file.
    private(set) var size: Int64
    /// Whether a sync failed: it is not written to again.
    private(set) var isSpoiled = false
    /// The last line and time that were found in it when it was opened.
    let found: (line: [UInt8]?, time: HybridTime?)

    private init(
        number: Int64, path: String, followerPath: String, file: any OpenFile, reader: SegmentReader
    ) {
        self.number = number
        self.path = path
        self.followerPath = followerPath
        self.file = file
        parser = reader.parser
        textSize = reader.textSize
        size = reader.memberEnd
        found = (reader.lastLine, reader.lastTime)
    }

    /// Opens a segment, and cuts a torn tail.
    static func open(
        _ directory: JournalDirectory, _ number: Int64, fromMedium: Bool = false
    ) throws(JournalError) -> OpenSegment {
        let path = directory.openPath(number)
        return try JournalError.attempt(path) {
            let file = try directory.fileSystem.open(path, .update)
            if fromMedium { try file.dropCache() }
            let reader = try SegmentReader(file, number: number, isSealed: false)
            try reader.readAll()
            _ = try reader.summary()
            if reader.isTorn {
                try file.truncate(to: reader.memberEnd)
                try file.synchronize()
            }
            return OpenSegment(
                number: number, path: path, followerPath: directory.openPath(number + 1), file: file, reader: reader)
        }
    }

    /// Makes the file of a new segment and opens it.
    static func begin(_ directory: JournalDirectory, _ header: SegmentHeader) throws(JournalError) -> OpenSegment {
        let path = directory.openPath(header.segment)
        try JournalError.attempt(path) {
            guard try directory.fileSystem.status(path) == nil else {
                throw JournalError(.damaged, path, "it exists already")
            }
            var member: [UInt8] = []
            try GzipCompressor(level: 6).append(member: header.line + [UInt8(ascii: "\n")], to: &member)
            try directory.fileSystem.publish(path, bytes: member)
        }
        return try open(directory, header.segment)
    }

    /// What others have appended behind what is known; `body` gets it. Returns the segment as it is now.
    func goingOn(
        _ body: (UnsafeRawBufferPointer, [ScannedOperation]) -> Void
    ) throws(JournalError) -> OpenSegment {
        let reader = try SegmentReader(
            file, number: number, isSealed: false, from: size, parser: parser, textSize: textSize)
        while let piece = try reader.next() {
            if !piece.operations.isEmpty { body(piece.lines, piece.operations) }
        }
        if reader.isTorn {
            try JournalError.attempt(file.path) {
                try file.truncate(to: reader.memberEnd)
                try file.synchronize()
            }
        }
        return OpenSegment(number: number, path: path, followerPath: followerPath, file: file, reader: reader)
    }

    /// Appends a member and makes it durable. If that fails, the file is cut behind the last durable member.
    func append(_ member: [UInt8]) throws(JournalError) {
        do throws(FileError) {
            try write(member)
        } catch {
            try? file.truncate(to: size)
            throw JournalError(error)
        }
        do throws(FileError) {
            try file.synchronize()
        } catch {
            isSpoiled = true
            try? file.truncate(to: size)
            try? file.synchronize()
            throw JournalError(error)
        }
        size += Int64(member.count)
    }

    /// Appends the last line.
    func close(_ close: DayClose?) throws(JournalError) -> SegmentTrailer {
        let trailer = SegmentTrailer(last: parser.last, count: parser.count, totals: parser.totals, close: close)
        var member: [UInt8] = []
        try JournalError.attempt(file.path) {
            try GzipCompressor(level: 6).append(member: trailer.line + [UInt8(ascii: "\n")], to: &member)
        }
        try append(member)
        return trailer
    }

    private func write(_ member: [UInt8]) throws(FileError) {
        let result = member.withUnsafeBytes { bytes -> Result<Void, FileError> in
            do throws(FileError) { return .success(try file.write(bytes, at: size)) } catch { return .failure(error) }
        }
        try result.get()
    }
}
