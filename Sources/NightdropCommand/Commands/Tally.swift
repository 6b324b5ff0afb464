import Nightdrop

/// What has been recorded so far.
struct Tally {
    private(set) var commits = 0
    private(set) var operations: Int64 = 0
    private var first: Int64 = 0
    private var last: Int64 = 0

    /// Counts a commit; one that was there already counts as one, too.
    mutating func add(_ recorded: Recorded) {
        commits += 1
        operations += recorded.last - recorded.first + 1
        if first == 0 { first = recorded.first }
        last = recorded.last
    }

    /// After all went well.
    var sentence: String {
        guard commits > 0 else { return "nothing to record" }
        return "recorded \(Words.count(operations, "operation")) in \(Words.count(commits, "commit")), \(range)"
    }

    /// Before an error is told.
    var durable: String {
        commits > 0
            ? "\(Words.count(operations, "operation")) before it \(operations == 1 ? "is" : "are") recorded and durable, \(range)"
            : "nothing was recorded"
    }

    private var range: String { first == last ? "number \(first)" : "numbers \(first) to \(last)" }
}
