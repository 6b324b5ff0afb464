import Glibc

/// A mutex with two conditions, one for the thread that composes and one for all others.
///
/// Unchecked, because it consists of the system's own primitives, which any thread may use; they live as long as it does.
final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let composer = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let others = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(composer, &attributes)
        pthread_condattr_destroy(&attributes)
        pthread_cond_init(others, nil)
    }

    deinit {
        pthread_cond_destroy(others)
        pthread_cond_destroy(composer)
        pthread_mutex_destroy(mutex)
        others.deallocate()
        composer.deallocate()
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }
    func waitAsComposer() { pthread_cond_wait(composer, mutex) }
    /// Waits until then at the latest.
    func waitAsComposer(until time: MonotonicTime) {
        var time = time.value
        pthread_cond_timedwait(composer, mutex, &time)
    }
    func wakeComposer() { pthread_cond_signal(composer) }
    func wait() { pthread_cond_wait(others, mutex) }
    func wakeOthers() { pthread_cond_broadcast(others) }

    func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
        lock()
        defer { unlock() }
        return try body()
    }
}
