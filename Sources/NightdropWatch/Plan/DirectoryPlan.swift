import NightdropFormats

/// When a directory is visited, and for what. A pure value: times are in milliseconds of any one clock.
struct DirectoryPlan: Sendable {
    /// What to do next.
    enum Step: Sendable, Equatable {
        /// Nothing before this time.
        case wait(until: Int64)
        /// Exchange; at a cycle also look at everything that may be due.
        case visit(isCycle: Bool)
    }

    /// Bundles that arrive together are taken together: so long it waits behind the first.
    static let gathering: Int64 = 60
    /// What is critical goes out at once, but each time seals a segment: so long it waits between two times.
    static let urgentSpacing: Int64 = 1000
    static let postponement: Int64 = 500
    /// An exchange that takes long is not to fill all the time.
    static let restPerWork: Int64 = 4

    private let interval: Int64
    private(set) var attempts: Attempts
    var schedule = ExportSchedule()
    private var nextCycle: Int64
    private var arrivedAt: Int64?
    private var lastUrgent: Int64 = .min / 2
    private var urgentRest: Int64 = urgentSpacing
    private var notBefore: Int64 = .min

    init(_ settings: WatchSettings, now: Int64) {
        interval = settings.interval
        attempts = Attempts(settings)
        nextCycle = now
    }

    /// What to do at `now`. `retryAt` is when a bundle that could not be taken is worth another look.
    func step(at now: Int64, retryAt: Int64?) -> Step {
        let next = max(time(retryAt: retryAt), notBefore)
        return next > now ? .wait(until: next) : .visit(isCycle: nextCycle <= now)
    }

    private func time(retryAt: Int64?) -> Int64 {
        if let retry = attempts.nextTry { return retry }
        var times = [nextCycle]
        if let arrivedAt { times.append(arrivedAt + DirectoryPlan.gathering) }
        if schedule.isUrgent { times.append(lastUrgent + urgentRest) }
        if let retryAt { times.append(retryAt) }
        return times.min() ?? nextCycle
    }

    /// Something has arrived.
    mutating func arrived(at now: Int64) { arrivedAt = arrivedAt ?? now }

    /// Something has changed that may have been the cause of a failure: if there was one, it is tried at once.
    mutating func retry(at now: Int64) { attempts.tryNow(at: now) }

    /// Something has changed about the directory itself: it is looked at at once.
    mutating func changed(at now: Int64) {
        retry(at: now)
        arrivedAt = arrivedAt ?? now
    }

    /// Somebody else works on the node: the same again, a little later.
    mutating func postpone(at now: Int64) {
        notBefore = now + DirectoryPlan.postponement
        arrivedAt = arrivedAt ?? now
    }

    /// A visit begins. What arrives from now on needs another one.
    mutating func begin(isCycle: Bool) {
        arrivedAt = nil
        if isCycle { schedule.beginCycle() }
    }

    /// It went well.
    mutating func succeeded(isCycle: Bool, exported: Bool, from start: Int64, to end: Int64) {
        attempts.succeed()
        if isCycle { nextCycle = end + interval }
        guard exported else { return }
        schedule.exported()
        lastUrgent = end
        urgentRest = max(DirectoryPlan.urgentSpacing, (end - start) * DirectoryPlan.restPerWork)
    }

    /// It failed; returns whether nothing is tried for a while now. `jitter` is a random number from 0 to 1.
    mutating func failed(at now: Int64, jitter: Double) -> Bool { attempts.fail(at: now, jitter: jitter) }
}
