/// Divides pieces that must stay in order into as few groups as a limit allows.
public enum PartPlan {
    /// More pieces than this make a manifest that is too large.
    static let largestGroup = 8000

    /// The groups, as ranges of indices; one empty group where there are no pieces. Each takes `base` besides its pieces.
    /// Nil if a piece alone is too large.
    public static func groups(of sizes: [Int64], base: Int64, limit: Int64) -> [Range<Int>]? {
        var groups: [Range<Int>] = []
        var start = 0
        var size = base
        for (index, piece) in sizes.enumerated() {
            guard piece <= limit - base else { return nil }
            if piece > limit - size || index - start == largestGroup {
                groups.append(start..<index)
                start = index
                size = base
            }
            size += piece
        }
        return groups + [start..<sizes.count]
    }
}
