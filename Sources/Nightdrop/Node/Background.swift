import Foundation
import Glibc

/// Work that gives way: whoever sells meanwhile gets a processor first, also where all of them are busy.
enum Background {
    /// In the words of setpriority(2): 0 is usual, 19 the least. Somebody may have to wait for the work, so it gets a share.
    private static let niceness: Int32 = 10

    /// Unchecked, because whoever hands the work over waits until it is done.
    private final class Work<Answer>: @unchecked Sendable {
        private var body: (() throws -> Answer)?
        private(set) var answer: Result<Answer, any Error>?
        let isDone = DispatchSemaphore(value: 0)

        init(_ body: @escaping () throws -> Answer) { self.body = body }

        /// Runs the body and lets go of it.
        func run() {
            if let body { answer = Result(catching: body) }
            body = nil
            isDone.signal()
        }
    }

    /// Runs `body` on a thread of its own and returns once it is done. A thread that has given way once may not take it
    /// back, therefore none is used again.
    static func run<Answer>(_ body: () throws -> Answer) throws -> Answer {
        try withoutActuallyEscaping(body) { body in
            let work = Work(body)
            let thread = Thread {
                // Of this thread only: on Linux each has its own. Where it is not permitted it runs like any other.
                _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness)
                work.run()
            }
            thread.stackSize = 16 << 20
            thread.start()
            work.isDone.wait()
            guard let answer = work.answer else { throw CancellationError() }
            return try answer.get()
        }
    }
}
