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

    /// Hands over a value, waiting for room. False if the receiver has given up. Lets go of what was given back.
    func put(_ value: Value) -> Bool {
        let spent = locked {
            defer { self.spent = [] }
            return self.spent
        }
        defer { withExtendedLifetime(spent) {} }
        return locked {
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

    /// Gives back a value that is done with, so that the sender's thread frees its memory.
    func giveBack(_ value: Value) { locked { spent.append(value) } }

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
