import Nightdrop

/// The return bundles that lie in a directory and cannot be taken, or not all of their parts: head office, which sees that
/// they lie there, writes no other ones until it hears of the terminal. It is told at once if they are found at a cycle, or
/// else at the next one, and every fourth one behind that for as long as they lie there, as words get lost too.
struct LackingReturns: Sendable {
    private static let cyclesBetweenWords = 4

    private var files: Set<String> = []
    private var cycles = 0

    /// Whether none were seen the last time.
    var isEmpty: Bool { files.isEmpty }

    /// Notes what became of the bundles that were seen. Returns whether one is new among those that cannot be taken.
    mutating func note(_ outcomes: [BundleOutcome]) -> Bool {
        let lacking = Set(outcomes.filter(\.needsWord).map(\.file))
        let isNew = !lacking.isSubset(of: files)
        files = lacking
        if isNew { cycles = 0 }
        return isNew
    }

    /// A cycle begins. Returns whether it is time for another word.
    mutating func remind() -> Bool {
        guard !files.isEmpty else { return false }
        cycles += 1
        return cycles % LackingReturns.cyclesBetweenWords == 0
    }
}
