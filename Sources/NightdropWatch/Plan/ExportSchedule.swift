/// How urgent an operation is, by the priority of its entity.
enum Urgency: Int, Sendable, Comparable, CaseIterable {
    /// At close of day.
    case background
    /// Every fifth cycle.
    case low
    /// Every second cycle.
    case medium
    /// Every cycle.
    case high
    /// At once.
    case critical

    /// The urgency of a priority, 1 to 10.
    init(priority: Int) {
        switch priority {
        case 10...: self = .critical
        case 8...9: self = .high
        case 5...7: self = .medium
        case 3...4: self = .low
        default: self = .background
        }
    }

    static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }

    /// Every how many cycles it goes out; nil for in none.
    var cycles: Int64? {
        switch self {
        case .critical, .high: 1
        case .medium: 2
        case .low: 5
        case .background: nil
        }
    }
}

/// When a terminal exports to a directory. Each export carries everything pending, so only the most urgent counts.
struct ExportSchedule: Sendable, Equatable {
    private var cycle: Int64 = 0
    private var waiting: Urgency?
    private var isDue = false

    /// Whether something is to go out at once.
    var isUrgent: Bool { waiting == .critical }

    /// Something was recorded.
    mutating func add(_ urgency: Urgency) { waiting = max(waiting ?? urgency, urgency) }

    /// A cycle begins. What is due stays so until it is exported.
    mutating func beginCycle() {
        cycle += 1
        if let cycles = waiting?.cycles, cycle % cycles == 0 { isDue = true }
    }

    /// Whether to export now.
    var exports: Bool { isDue || isUrgent }

    /// Everything that waited is out.
    mutating func exported() {
        waiting = nil
        isDue = false
    }
}
