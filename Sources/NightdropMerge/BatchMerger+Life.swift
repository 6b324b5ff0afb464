import NightdropFormats
import NightdropModel

extension BatchMerger {
    /// Ends a record; what was changed meanwhile is a conflict, whoever wins.
    mutating func delete(_ current: Current) {
        guard records[current.slot].exists else {
            guard current.rules.isFact else {
                return hold(current, .validation, "central does not know this record")
            }
            makeLate(current)
            return die(current)
        }
        records[current.slot].expand()
        let record = records[current.slot]
        let isUnseen =
            current.isConcurrent(with: record.lifeClock)
            || record.fields.contains { current.isConcurrent(with: $0.clock) }
        guard record.lives else { return takeOver(current) }
        guard isUnseen else { return die(current) }
        decideLife(current, incoming: false)
    }

    /// A create or an update says that the record lives.
    mutating func live(_ current: Current) {
        if records[current.slot].lives {
            takeOver(current)
        } else if current.isConcurrent(with: records[current.slot].lifeClock) {
            decideLife(current, incoming: true)
        } else {
            revive(current)
        }
    }

    /// The same was said already: causally later, or concurrently with a later time, takes over the clock.
    private mutating func takeOver(_ current: Current) {
        let clock = records[current.slot].lifeClock
        let isConcurrent = current.isConcurrent(with: clock)
        guard !isConcurrent || (current.clock.outranks(clock) && !clock.isDecision) else { return }
        var taken = current.clock
        taken.keepLater(of: clock)
        records[current.slot].lifeClock = taken
        touch(current)
    }

    private mutating func decideLife(_ current: Current, incoming: Bool) {
        let record = records[current.slot]
        let isConcurrent = current.isConcurrent(with: record.lifeClock)
        var (rule, state) = (current.rules.policy.onConflict, ConflictState.decided)
        var verdict = Verdict(incomingWins: true)
        if isConcurrent && record.lifeClock.isDecision && current.decides == nil {
            (verdict.incomingWins, state) = (false, .reopened)
        } else if isConcurrent && rule == .manual {
            (verdict.incomingWins, state) = (false, .open)
        } else if isConcurrent && rule == .hook {
            (verdict, rule) = lifeByHook(current, incoming)
        } else if isConcurrent {
            verdict = self.verdict(rule, over: record.lifeClock, current)
        }
        let wins = verdict.incomingWins
        if wins { incoming ? revive(current) : die(current) }
        let (lives, dies) = (batch.arena.copy("true"), batch.arena.copy("false"))
        note(
            .deleteUpdate, state, current, .none, central: record.lives ? lives : dies, record.lifeClock,
            incoming ? lives : dies, rule.rawValue, state == .decided ? (wins == incoming ? lives : dies) : .none,
            reason: verdict.doubt)
    }

    /// What a program has said about whether the record lives.
    private func lifeByHook(_ current: Current, _ incoming: Bool) -> (Verdict, MergeRule) {
        switch outcome(.none, current) {
        case .merged(let value):
            return (Verdict(incomingWins: (value.first == UInt8(ascii: "t")) == incoming), .hook)
        case .failed(let reason):
            let later = verdict(.lastWriteWins, over: records[current.slot].lifeClock, current)
            return (Verdict(incomingWins: later.incomingWins, doubt: reason), .lastWriteWins)
        }
    }

    private mutating func revive(_ current: Current) { setLife(true, current) }

    private mutating func die(_ current: Current) { setLife(false, current) }

    private mutating func setLife(_ lives: Bool, _ current: Current) {
        var clock = current.clock
        clock.keepLater(of: records[current.slot].lifeClock)
        records[current.slot].expand()
        records[current.slot].lives = lives
        records[current.slot].lifeClock = clock
        touch(current)
    }
}
