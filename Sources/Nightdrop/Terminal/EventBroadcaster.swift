import Synchronization

/// Hands events on to any number of readers; who is slow misses the oldest.
final class EventBroadcaster<Event: Sendable>: Sendable {
    private struct Readers {
        var next = 0
        var continuations: [Int: AsyncStream<Event>.Continuation] = [:]
    }

    private static var bufferedEvents: Int { 256 }
    private let readers = Mutex(Readers())

    deinit {
        for continuation in readers.withLock({ $0.continuations.values.map { $0 } }) { continuation.finish() }
    }

    func stream() -> AsyncStream<Event> {
        AsyncStream(bufferingPolicy: .bufferingNewest(Self.bufferedEvents)) { continuation in
            let number = readers.withLock { readers in
                readers.next += 1
                readers.continuations[readers.next] = continuation
                return readers.next
            }
            continuation.onTermination = { [weak self] _ in
                self?.readers.withLock { $0.continuations[number] = nil }
            }
        }
    }

    func send(_ event: @autoclosure () -> Event) {
        let continuations = readers.withLock { readers in
            readers.continuations.isEmpty ? [] : Array(readers.continuations.values)
        }
        guard !continuations.isEmpty else { return }
        let event = event()
        for continuation in continuations { continuation.yield(event) }
    }
}
