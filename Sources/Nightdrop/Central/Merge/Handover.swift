import Glibc
import Synchronization

/// Hands values from one thread to another, at most `capacity` of them waiting, so that memory stays bounded.
///
/// Unchecked because the mutex guards everything in it; what is handed over belongs to the receiving thread from then on.
final class Handover<Value>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let capacity: Int
    private var values: [Value] = []
    private var spent: [Value] = []
    private var isEnded = false
    private var isGivenUp = false
    private let isWaiting = Atomic(false)

    init(capacity: Int) {
        self.capacity = capacity
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Hands over a value, waiting for room. False if the receiver has given up.
    func put(_ value: Value) -> Bool {
        locked {
            while values.count >= capacity && !isGivenUp { pthread_cond_wait(changed, mutex) }
            if !isGivenUp { values.append(value) }
            return !isGivenUp
        }
    }

    /// Whether the receiver has nothing to do.
    var isWaitedFor: Bool { isWaiting.load(ordering: .relaxed) }

    /// The next value, waiting for it; nil once the sender has ended.
    func take() -> Value? {
        locked {
            isWaiting.store(values.isEmpty, ordering: .relaxed)
            defer { isWaiting.store(false, ordering: .relaxed) }
            while values.isEmpty && !isEnded { pthread_cond_wait(changed, mutex) }
            return values.isEmpty ? nil : values.removeFirst()
        }
    }

    /// Gives back a value that is done with, for the sender to use its memory again.
    func giveBack(_ value: Value) { locked { spent.append(value) } }

    /// A value that was given back; nil if there is none.
    func takeBack() -> Value? { locked { spent.popLast() } }

    /// The sender has no more.
    func end() { locked { isEnded = true } }

    /// The receiver takes no more.
    func giveUp() {
        locked {
            isGivenUp = true
            values = []
        }
    }

    private func locked<Answer>(_ body: () -> Answer) -> Answer {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        return body()
    }
}
