import Glibc

/// Threads of our own, for work that waits for the disk or keeps a core busy, which tasks must not.
enum Threads {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a new thread; on this one if there can be none.
    static func start(_ body: @escaping @Sendable () -> Void) {
        if let thread = spawn(body) { pthread_detach(thread) } else { body() }
    }

    /// Work on a thread of its own, to be waited for exactly once.
    struct Running {
        fileprivate let thread: pthread_t?

        func wait() {
            if let thread { pthread_join(thread, nil) }
        }
    }

    /// Begins `body` on a new thread; runs it on this one if there can be none.
    static func run(_ body: @escaping @Sendable () -> Void) -> Running {
        let thread = spawn(body)
        if thread == nil { body() }
        return Running(thread: thread)
    }

    private static func spawn(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard status == 0 else {
            work.release()
            return nil
        }
        return thread
    }
}
