import NightdropFormats

/// One caller's commit on its way through a group.
///
/// Not Sendable by itself: the caller waits until another thread has run its closure, so no two threads use it at once.
final class CommitRequest: @unchecked Sendable {
    /// Guarded by the writer's monitor.
    var isDone = false
    /// Set by the thread that composes, before `isDone`.
    var error: (any Error)?
    private var prepare: ((inout CommitBuilder) throws -> Void)?

    init(_ prepare: @escaping (inout CommitBuilder) throws -> Void) { self.prepare = prepare }

    /// Runs the caller's closure and lets go of it.
    func run(_ builder: inout CommitBuilder) throws {
        defer { prepare = nil }
        try prepare?(&builder)
    }

    /// Ends it without running the closure.
    func refuse(_ error: any Error) {
        prepare = nil
        if self.error == nil { self.error = error }
    }
}

/// The commits that become durable together, as one gzip member. Used again for a later group.
final class CommitGroup {
    /// The most commits of a group.
    static let commits = 1024
    /// A group that has so much text takes in no further commit.
    static let textBytes = 1 << 20

    /// The lines.
    var text: [UInt8] = []
    /// The operations, by their place in `text`.
    var operations: [ScannedOperation] = []
    /// The commits.
    var requests: [CommitRequest] = []
    /// The member, as far as it is compressed.
    private(set) var member: [UInt8] = []
    private var compressed = 0
    private let compressor: GzipCompressor
    /// Puts small commits into a member as they are: compressing them would take a good part of the time of their sync, and
    /// sealing compresses all of it anyway.
    private let wrapper: GzipCompressor
    /// Text up to this size is only wrapped.
    private static let wrappedBytes = 128 << 10

    init() throws(GzipError) {
        // A small window is quick to begin.
        compressor = try GzipCompressor(level: 1, windowBits: 13, memoryLevel: 6)
        wrapper = try GzipCompressor(level: 0, windowBits: 9, memoryLevel: 1)
    }

    var isFull: Bool { requests.count >= CommitGroup.commits || text.count >= CommitGroup.textBytes }

    /// Whether it holds so much that writing it takes about as long as the sync behind it: then it need not wait for more.
    var isWorthASync: Bool { text.count >= 128 << 10 }

    /// Whether there is text that is not compressed yet, and shall be.
    var isBehind: Bool { compressed < text.count && text.count > CommitGroup.wrappedBytes }

    /// Drops what was appended last.
    func truncate(text size: Int, operations count: Int) {
        text.removeLast(text.count - size)
        operations.removeLast(operations.count - count)
    }

    /// Compresses what is not compressed yet of the text up to `end`, once it is more than is only wrapped.
    func compress(upTo end: Int) throws(GzipError) {
        guard isBehind, compressed < end else { return }
        if compressed == 0 { try compressor.begin() }
        let result = text.withUnsafeBytes { buffer -> Result<Void, GzipError> in
            do throws(GzipError) {
                return .success(
                    try compressor.add(UnsafeRawBufferPointer(rebasing: buffer[compressed..<end]), to: &member))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        compressed = end
    }

    /// The whole member of the text up to `end`; empty if there is none.
    func finish(upTo end: Int) throws(GzipError) -> [UInt8] {
        if end > CommitGroup.wrappedBytes { try compress(upTo: end) }
        if compressed > 0 {
            try compressor.finish(to: &member)
        } else if end > 0 {
            try wrapper.append(member: Array(text[..<end]), to: &member)
        }
        return member
    }

    /// Forgets all, but for the text and the operations from a place on.
    func reset(keeping textStart: Int? = nil, operations operationStart: Int = 0) {
        requests.removeAll(keepingCapacity: true)
        member.removeAll(keepingCapacity: true)
        compressed = 0
        guard let textStart else {
            text.removeAll(keepingCapacity: true)
            operations.removeAll(keepingCapacity: true)
            return
        }
        text.removeFirst(textStart)
        operations.removeFirst(operationStart)
        for index in operations.indices { operations[index] = operations[index].moved(by: -textStart) }
    }
}
