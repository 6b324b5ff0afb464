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
                try directory.fileSystem.publish(
                    sealed, write: { try self.write(source, to: $0) },
                    verify: { try self.verify($0, number: entry.number, is: source) })
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

    /// Copies the text, in members of 1 MiB of whole lines.
    private func write(_ source: SegmentReader, to file: any OpenFile) throws {
        let pending = TextBuffer()
        let writer = try SealedWriter(file)
        while let piece = try source.next(goal: Limits.memberTextBytes) {
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
    }

    private func verify(_ file: any OpenFile, number: Int64, is source: SegmentReader) throws {
        let copy = try SegmentReader(file, number: number, isSealed: true)
        try copy.readAll()
        guard try copy.summary().hash == source.parser.hash, copy.parser.header == source.parser.header else {
            throw copy.damaged("it is not what was closed")
        }
    }
}

/// Compresses text into the members of a sealed segment, two at a time.
private final class SealedWriter {
    private let file: any OpenFile
    private var offset: Int64 = 0
    private let compressors: (GzipCompressor, GzipCompressor)
    private var out: ([UInt8], [UInt8]) = ([], [])

    init(_ file: any OpenFile) throws(GzipError) {
        self.file = file
        compressors = (try GzipCompressor(level: 6), try GzipCompressor(level: 6))
    }

    /// Writes whole pairs of members, or all text if it is the last; returns how many bytes of text it has used.
    func write(_ text: UnsafeRawBufferPointer, isLast: Bool) throws -> Int {
        var used = 0
        while true {
            guard let first = member(text, from: used, isLast: isLast) else { return used }
            guard let second = member(text, from: first.upperBound, isLast: isLast) else {
                if isLast { try write(text[first], nil) }
                return isLast ? first.upperBound : used
            }
            try write(text[first], text[second])
            used = second.upperBound
        }
    }

    /// The next member's text: as many whole lines as 1 MiB holds, or one longer one.
    private func member(_ text: UnsafeRawBufferPointer, from start: Int, isLast: Bool) -> Range<Int>? {
        guard start < text.count else { return nil }
        let limit = start + Limits.memberTextBytes
        guard limit < text.count else { return isLast ? start..<text.count : nil }
        if let end = text[start..<limit].lastIndex(of: UInt8(ascii: "\n")) { return start..<(end + 1) }
        return text[limit...].firstIndex(of: UInt8(ascii: "\n")).map { start..<($0 + 1) }
    }

    private func write(_ first: Slice<UnsafeRawBufferPointer>, _ second: Slice<UnsafeRawBufferPointer>?) throws {
        out.0.removeAll(keepingCapacity: true)
        out.1.removeAll(keepingCapacity: true)
        if let second {
            var result: Result<Void, GzipError> = .success(())
            // The other thread has its own compressor and output, and ends before this function goes on.
            nonisolated(unsafe) let work = Compression(compressors.1, UnsafeRawBufferPointer(rebasing: second), out.1)
            out.1 = []
            Threads.both({ work.run() }) { result = compress(first) }
            try result.get()
            out.1 = try work.take()
        } else {
            try compress(first).get()
        }
        for bytes in [out.0, out.1] where !bytes.isEmpty {
            try bytes.withUnsafeBytes { try file.write($0, at: offset) }
            offset += Int64(bytes.count)
        }
    }

    private func compress(_ text: Slice<UnsafeRawBufferPointer>) -> Result<Void, GzipError> {
        do throws(GzipError) {
            return .success(
                try compressors.0.append(member: UnsafeRawBufferPointer(rebasing: text), to: &out.0))
        } catch {
            return .failure(error)
        }
    }
}

/// The compression of one member on another thread.
private final class Compression {
    private let compressor: GzipCompressor
    private let text: UnsafeRawBufferPointer
    private var out: [UInt8]
    private var error: GzipError?

    init(_ compressor: GzipCompressor, _ text: UnsafeRawBufferPointer, _ out: [UInt8]) {
        self.compressor = compressor
        self.text = text
        self.out = out
    }

    func run() {
        do throws(GzipError) { try compressor.append(member: text, to: &out) } catch { self.error = error }
    }

    func take() throws(GzipError) -> [UInt8] {
        if let error { throw error }
        return out
    }
}
