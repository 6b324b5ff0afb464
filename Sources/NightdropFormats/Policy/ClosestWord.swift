/// The word that somebody probably meant.
enum ClosestWord {
    /// The valid word that is nearest to `word`, if it is near enough to be a slip, or that one of them begins with.
    static func to(_ word: String, among valid: [String]) -> String? {
        nearest(word, among: valid) ?? beginning(word, among: valid)
    }

    private static func beginning(_ word: String, among valid: [String]) -> String? {
        let word = folded(word)
        let candidates = valid.filter { other in
            let other = folded(other)
            return min(word.count, other.count) > 1 && (word.starts(with: other) || other.starts(with: word))
        }
        return candidates.count == 1 ? candidates[0] : nil
    }

    private static func nearest(_ word: String, among valid: [String]) -> String? {
        let ranked = valid.map { (word: $0, distance: distance(folded(word), folded($0))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, min(word.count, best.word.count) / 3)
        else { return nil }
        return best.word
    }

    /// "did you mean `up`?", or all the words where none is near.
    static func suggestion(for word: String, among valid: [String]) -> String {
        if let close = to(word, among: valid) { return "did you mean `\(close)`?" }
        return "possible are " + valid.map { "`\($0)`" }.joined(separator: ", ")
    }

    /// How many characters have to be put in, left out, replaced or swapped with their neighbour (optimal string
    /// alignment) to make one of the other.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, a) in left.enumerated() {
            var current = [row + 1]
            for (column, b) in right.enumerated() {
                var best = min(last[column + 1] + 1, current[column] + 1, last[column] + (a == b ? 0 : 1))
                if row > 0, column > 0, a == right[column - 1], left[row - 1] == b {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }

    /// Case, hyphens and underscores make no difference to what somebody meant.
    private static func folded(_ word: String) -> [Character] {
        word.prefix(64).lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }.map { $0 }
    }
}
