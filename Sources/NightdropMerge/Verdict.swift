import NightdropFormats
import NightdropModel

/// Whose value a rule takes, without a look at the values.
struct Verdict {
    /// Whether the incoming one wins.
    var incomingWins: Bool
    /// Why the rule, or a time, did not count, where that decided.
    var doubt: String?
}

extension BatchMerger {
    /// What a rule says about an incoming value and a field's clock. The rules that need a program, or a person, fall back to
    /// the later time.
    func verdict(_ rule: MergeRule, over clock: FieldClock, _ current: Current) -> Verdict {
        switch rule {
        case .terminalWins: return Verdict(incomingWins: true)
        case .centralWins: return Verdict(incomingWins: current.author.isCentral)
        default:
            if current.isDoubtful != clock.isDoubtful { return doubtfulVerdict(over: clock, current) }
            if current.time != clock.time { return Verdict(incomingWins: current.time > clock.time) }
            guard let other = context.authors[clock.author] else { return Verdict(incomingWins: true) }
            let isLater = (current.author.node, current.author.journal) > (other.node, other.journal)
            return Verdict(incomingWins: isLater)
        }
    }

    /// One of two times is doubtful, and loses. That it would have lost anyway makes no doubt of it.
    private func doubtfulVerdict(over clock: FieldClock, _ current: Current) -> Verdict {
        if current.isDoubtful {
            guard current.operation.time > clock.time else { return Verdict(incomingWins: false) }
            let ahead = Span.words(current.operation.time.milliseconds - context.now)
            return Verdict(
                incomingWins: false,
                doubt:
                    "the clock of \(current.author.node) was \(ahead) ahead of head office's, so its time does not count"
            )
        }
        guard current.time <= clock.time else { return Verdict(incomingWins: true) }
        let node = context.authors[clock.author]?.node ?? "the other one"
        return Verdict(
            incomingWins: true,
            doubt:
                "the clock of \(node) was ahead of head office's when it set the other value, so its time does not count"
        )
    }
}

/// A length of time in words.
enum Span {
    /// So many milliseconds: `6 minutes`, `3 hours`, `2 days`, `24 years`.
    static func words(_ milliseconds: Int64) -> String {
        let units: [(Int64, String)] = [
            (365 * 86_400_000, "year"), (86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"),
        ]
        guard let (length, name) = units.first(where: { milliseconds >= $0.0 }) else { return "less than a second" }
        let count = milliseconds / length
        return count == 1 ? "1 \(name)" : "\(count) \(name)s"
    }
}
