import NightdropFiles
import NightdropFormats
import NightdropModel
import Synchronization

/// Rewrites closed segments as sealed ones, beside ongoing recording.
final class Sealer: Sendable {
    private let directory: JournalDirectory
    private let isRunning = Atomic(false)

    init(_ directory: JournalDirectory) { self.directory = directory }

    /// Seals what is closed on a thread of its own. What fails is tried again at the next occasion.
    func start() {
        guard !isRunning.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Threads.start { [self] in
            try? sealAll()
            isRunning.store(false, ordering: .releasing)
        }
    }

    /// Seals all closed segments, in order; waits while somebody else does.
    func sealAll() throws(JournalError) {
        let lock = try directory.lock(directory.sealLockPath)
        defer { withExtendedLifetime(lock) {} }
        try directory.removeLeftovers(ofSealing: true)
        for entry in try directory.entries().dropLast() where entry.hasOpen { try seal(entry) }
    }

    private func seal(_ entry: JournalDirectory.Entry) throws(JournalError) {
        let (sealed, open) = (directory.sealedPath(entry.number), directory.openPath(entry.number))
        try JournalError.attempt(open) {
            let source = try SegmentReader(
                directory.fileSystem.open(open, .read), number: entry.number, isSealed: false)
            if entry.hasSealed {
                try source.readAll()
                let file = try directory.fileSystem.open(sealed, .read)
                try verify(file, number: entry.number, is: source)
            } else {
                var written: ContentHash?
                try directory.fileSystem.publish(
                    sealed, write: { written = try self.write(source, to: $0) },
                    verify: { file in
                        // All of the text was checked when it was read; now only that it is the same.
                        guard try SegmentReader.textHash(file) == written else {
                            throw source.damaged("the medium gave back other text than was written")
                        }
                    })
            }
            // Only what the next segment vouches for may go: the chain goes on from its hash.
            let next = try SegmentReader.header(
                directory.openForReading(entry.number + 1).file, number: entry.number + 1)
            guard next.previous == source.parser.hash, next.first == source.parser.last + 1 else {
                throw source.damaged("the next segment does not follow it")
            }
            try directory.fileSystem.remove(open)
            try directory.fileSystem.synchronizeDirectory(directory.path)
        }
    }

    /// Copies the text, in members of 1 MiB of whole lines, and returns its hash.
    private func write(_ source: SegmentReader, to file: any OpenFile) throws -> ContentHash {
        let pending = TextBuffer(capacity: Limits.memberTextBytes * 5 / 4)
        let writer = try SealedWriter(file)
        while let piece = try source.next(goal: Limits.memberTextBytes / 8) {
            pending.append(piece.lines)
            pending.removeFirst(try writer.write(pending.bytes, isLast: false))
        }
        _ = try source.summary()
        if source.parser.trailer == nil {
            // A segment that was given up after a failed sync has no last line yet.
            let parser = source.parser
            let trailer = SegmentTrailer(last: parser.last, count: parser.count, totals: parser.totals)
            (trailer.line + [UInt8(ascii: "\n")]).withUnsafeBytes { pending.append($0) }
        }
        _ = try writer.write(pending.bytes, isLast: true)
        return try writer.finish()
    }

    private func verify(_ file: any OpenFile, number: Int64, is source: SegmentReader) throws {
        let copy = try SegmentReader(file, number: number, isSealed: true)
        try copy.readAll()
        guard try copy.summary().hash == source.parser.hash, copy.parser.header == source.parser.header else {
            throw copy.damaged("it is not what was closed")
        }
    }
}

/// Compresses text into the members of a sealed segment, each on a thread of its own, two at a time, while the caller
/// reads on.
private final class SealedWriter {
    private let file: any OpenFile
    private var offset: Int64 = 0
    private var hasher = ContentHasher()
    private var idle: [Compression]
    private var running: [Compression] = []

    init(_ file: any OpenFile) throws(GzipError) {
        self.file = file
        idle = [try Compression(), try Compression()]
    }

    // The threads must have ended before what they work on goes.
    deinit { running.forEach { $0.wait() } }

    /// Takes whole members, or all text if it is the last; returns how many bytes of text it has used.
    func write(_ text: UnsafeRawBufferPointer, isLast: Bool) throws -> Int {
        var used = 0
        while let member = member(text, from: used, isLast: isLast) {
            if idle.isEmpty { try writeOldest() }
            let lines = UnsafeRawBufferPointer(rebasing: text[member])
            hasher.update(lines)
            let compression = idle.removeLast()
            compression.start(lines)
            running.append(compression)
            used = member.upperBound
        }
        return used
    }

    /// Writes what is still being compressed, and returns the hash of all text.
    func finish() throws -> ContentHash {
        while !running.isEmpty { try writeOldest() }
        return hasher.finish()
    }

    /// The next member's text: as many whole lines as 1 MiB holds, or one longer one.
    private func member(_ text: UnsafeRawBufferPointer, from start: Int, isLast: Bool) -> Range<Int>? {
        guard start < text.count else { return nil }
        let limit = start + Limits.memberTextBytes
        guard limit < text.count else { return isLast ? start..<text.count : nil }
        if let end = text[start..<limit].lastIndex(of: UInt8(ascii: "\n")) { return start..<(end + 1) }
        return text[limit...].firstIndex(of: UInt8(ascii: "\n")).map { start..<($0 + 1) }
    }

    private func writeOldest() throws {
        let compression = running.removeFirst()
        let count = try compression.take { member in
            try file.write(member, at: offset)
            return member.count
        }
        offset += Int64(count)
        idle.append(compression)
    }
}

/// The compression of one member on another thread.
///
/// Unchecked, because between `start` and `wait` only that thread uses the properties.
private final class Compression: @unchecked Sendable {
    private let compressor: GzipCompressor
    private var text: [UInt8] = []
    private var member: [UInt8] = []
    private var error: GzipError?
    private var thread: Threads.Running?

    init() throws(GzipError) { compressor = try GzipCompressor(level: 6) }

    func start(_ lines: UnsafeRawBufferPointer) {
        text.removeAll(keepingCapacity: true)
        text.append(contentsOf: lines)
        thread = Threads.run { [self] in
            member.removeAll(keepingCapacity: true)
            do throws(GzipError) { try compressor.append(member: text, to: &member) } catch { self.error = error }
        }
    }

    func wait() {
        thread?.wait()
        thread = nil
    }

    func take<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        wait()
        if let error { throw error }
        return try member.withUnsafeBytes(body)
    }
}
