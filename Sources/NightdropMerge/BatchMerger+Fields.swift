import NightdropFormats
import NightdropModel

extension BatchMerger {
    /// Changes fields of a record that exists; a fact that does not exist yet is made.
    mutating func update(_ current: Current) {
        guard records[current.slot].exists else {
            guard current.rules.isFact else {
                return hold(current, .validation, "central does not know this record")
            }
            return makeLate(current)
        }
        setFields(current, kind: .field)
        if !current.isRefusedWhole { live(current) }
    }

    /// A fact whose create has not come: it is taken, and somebody shall look at it.
    mutating func makeLate(_ current: Current) {
        make(current, in: current.slot)
        conflicts.append(
            MergeConflict(
                kind: .validation, state: .open, operation: current.index, slot: Int32(current.slot), field: .none,
                base: current.value(current.operation.was), central: .none,
                incoming: current.value(current.operation.set),
                rule: MergeConflict.changedBeforeCreated, decided: .none, number: 0))
    }

    /// Applies `set` and `add`, field by field.
    mutating func setFields(_ current: Current, kind: ConflictKind) {
        records[current.slot].expand()
        var cursor = FieldCursor(current.text, current.operation.set)
        while let member = cursor.next() {
            let name = current.text[member.name]
            if current.special != nil, let refusal = current.refusal(of: name) {
                refuse(refusal, current.text[member.value], current)
            } else if current.rules.rule(name) != .counter {
                set(name, current.text[member.value], current, kind)
            } else {
                setCounter(name, current.text[member.value], current)
            }
        }
        increment(current)
    }

    /// Applies `add`. Increments commute, so nothing can be in conflict; a bound that breaks is recorded.
    mutating func increment(_ current: Current) {
        var cursor = FieldCursor(current.text, current.operation.add)
        while let member = cursor.next() {
            let name = current.text[member.name]
            guard let amount = ExactDecimal(json: current.text[member.value]) else {
                note(
                    .validation, .open, current, name, central: .none, nil, current.text[member.value],
                    MergeConflict.notANumber, .none)
                continue
            }
            add(amount, to: name, current)
        }
    }

    /// A value for what is a counter now counts as the difference from the value before.
    private mutating func setCounter(_ name: Bytes, _ value: Bytes, _ current: Current) {
        guard let new = ExactDecimal(json: value) else {
            return note(.validation, .open, current, name, central: .none, nil, value, MergeConflict.notANumber, .none)
        }
        let before = FieldCursor.value(name, in: current.text, current.operation.was)
        if before.isPresent, let old = ExactDecimal(json: current.text[before]), let amount = new.subtracting(old) {
            add(amount, to: name, current)
        } else {
            note(
                .validation, .open, current, name, central: .none, nil, value,
                "a counter was set without the value before", .none)
        }
    }

    private mutating func add(_ amount: ExactDecimal, to name: Bytes, _ current: Current) {
        let index = records[current.slot].field(name)
        let value = index.map { records[current.slot].fields[$0].value } ?? .none
        let isNothing = value.isEmpty || value.first == UInt8(ascii: "n")
        guard let before = isNothing ? .zero : ExactDecimal(json: value) else {
            return note(
                .validation, .open, current, name, central: value, nil, batch.arena.copy(amount.text),
                "central's value is no number to add to", .none)
        }
        guard let sum = before.adding(amount) else {
            return note(
                .validation, .open, current, name, central: batch.arena.copy(before.text), nil,
                batch.arena.copy(amount.text), "the sum has more than \(Limits.decimalDigits) digits", .none)
        }
        let total = batch.arena.copy(sum.text)
        write(total, name, index, current)
        guard let rules = current.rules.field(name) else { return }
        var bound: String?
        if let minimum = rules.min, sum < minimum, amount < .zero { bound = "\(MergeConflict.belowMinimum) \(minimum)" }
        if let maximum = rules.max, maximum < sum, .zero < amount { bound = "\(MergeConflict.aboveMaximum) \(maximum)" }
        guard let bound else { return }
        note(
            .constraint, .open, current, name, central: batch.arena.copy(before.text), nil,
            batch.arena.copy(amount.text), bound, total)
    }

    private mutating func set(_ name: Bytes, _ incoming: Bytes, _ current: Current, _ kind: ConflictKind) {
        guard let index = records[current.slot].field(name) else {
            write(incoming, name, nil, current)
            return settle(name, current)
        }
        let field = records[current.slot].fields[index]
        let rule = current.rules.rule(name)
        switch rule {
        case .max, .min:
            let isBetter =
                rule == .max ? Values.isLess(field.value, incoming) : Values.isLess(incoming, field.value)
            if isBetter { write(incoming, name, index, current) }
            settle(name, current, onlyOneSided: true)
        case .union:
            let merged = Values.union(field.value, incoming)
            let isNew = merged.withUnsafeBytes { !Values.areEqual($0, field.value) }
            if isNew { write(batch.arena.copy(merged), name, index, current) }
            settle(name, current, onlyOneSided: true)
        default:
            if !current.isConcurrent(with: field.clock) {
                write(incoming, name, index, current)
                settle(name, current)
            } else if Values.areEqual(field.value, incoming) {
                // Only who has seen a person's decision replaces it.
                if current.clock.outranks(field.clock) && !field.clock.isDecision {
                    records[current.slot].fields[index].clock = current.clock
                    touch(current)
                }
                settle(name, current, onlyOneSided: true)
            } else {
                decide(name, index, field, incoming, rule, current, kind)
                settle(name, current, onlyOneSided: true)
            }
        }
    }

    /// Two people gave one field two values without knowing of each other.
    private mutating func decide(
        _ name: Bytes, _ index: Int, _ field: FieldSlot, _ incoming: Bytes, _ rule: MergeRule, _ current: Current,
        _ kind: ConflictKind
    ) {
        if field.clock.isDecision && current.decides == nil {
            note(
                kind, .reopened, current, name, central: field.value, field.clock, incoming, "a person's decision",
                .none)
        } else if rule == .manual {
            note(kind, .open, current, name, central: field.value, field.clock, incoming, rule.rawValue, .none)
        } else if rule == .hook {
            decideByHook(name, index, field, incoming, current, kind)
        } else {
            let verdict = verdict(rule, over: field.clock, current)
            if verdict.incomingWins { write(incoming, name, index, current) }
            let decided = verdict.incomingWins ? incoming : field.value
            note(
                verdict.doubt == nil ? kind : .clock, .decided, current, name, central: field.value, field.clock,
                incoming, rule.rawValue, decided, reason: verdict.doubt)
        }
    }

    /// What a program has said stands; where it was of no use, the later value.
    private mutating func decideByHook(
        _ name: Bytes, _ index: Int, _ field: FieldSlot, _ incoming: Bytes, _ current: Current, _ kind: ConflictKind
    ) {
        var rule = MergeRule.hook
        var reason: String?
        var decided = field.value
        switch outcome(name, current) {
        case .merged(let merged):
            if Values.areEqual(merged, incoming) {
                decided = incoming
            } else if !Values.areEqual(merged, field.value) {
                decided = merged
            }
        case .failed(let failure):
            (rule, reason) = (.lastWriteWins, failure)
            if verdict(.lastWriteWins, over: field.clock, current).incomingWins { decided = incoming }
        }
        if decided.baseAddress != field.value.baseAddress { write(decided, name, index, current) }
        note(
            kind, .decided, current, name, central: field.value, field.clock, incoming, rule.rawValue, decided,
            reason: reason)
    }

    /// Gives a field a value; its time never goes back.
    mutating func write(_ value: Bytes, _ name: Bytes, _ index: Int?, _ current: Current) {
        var clock = current.clock
        if let index {
            clock.keepLater(of: records[current.slot].fields[index].clock)
            records[current.slot].fields[index].value = value
            records[current.slot].fields[index].clock = clock
        } else {
            records[current.slot].fields.append(FieldSlot(name: name, value: value, clock: clock))
        }
        touch(current)
    }

    mutating func touch(_ current: Current) {
        records[current.slot].csn = current.csn
        records[current.slot].isChanged = true
    }

    /// An operation that has seen central's value closes what is open about the field. What one side did against a rule is
    /// closed by a later value of that side, or of who has seen it.
    private mutating func settle(_ name: Bytes, _ current: Current, onlyOneSided: Bool = false) {
        guard records[current.slot].hasConflicts, current.decides == nil,
            current.special?.remarks.contains(where: { $0.field.equals(name) }) != true,
            let index = records[current.slot].field(name)
        else { return }
        let value = records[current.slot].fields[index].value
        func closes(_ kind: ConflictKind, of journal: Int32?, at csn: Int64) -> Bool {
            kind.isAboutOneSide ? journal == current.author.code || current.operation.base >= csn : !onlyOneSided
        }
        for index in undecided[Int32(current.slot)] ?? []
        where conflicts[index].state != .decided && conflicts[index].number == 0 && conflicts[index].field.equals(name)
        {
            let csn = context.firstCSN + Int64(conflicts[index].operation)
            guard closes(conflicts[index].kind, of: author(of: conflicts[index].operation), at: csn) else { continue }
            conflicts[index].state = .decided
            conflicts[index].rule = MergeConflict.laterChange
            conflicts[index].decided = value
        }
        guard let about = stored[Int32(current.slot)] else { return }
        for conflict in about where conflict.state != .decided && conflict.field.withUnsafeBytes({ $0.equals(name) }) {
            guard closes(conflict.kind, of: conflict.journal, at: conflict.csn) else { continue }
            closures.append(
                ConflictClosure(
                    number: conflict.number, operation: current.index, decided: value, byPerson: false))
        }
    }

    /// Records a conflict, or brings the same journal's open one up to date.
    mutating func note(
        _ kind: ConflictKind, _ state: ConflictState, _ current: Current, _ field: Bytes, central: Bytes,
        _ clock: FieldClock?, _ incoming: Bytes, _ rule: String, _ decided: Bytes, reason: String? = nil
    ) {
        let was = FieldCursor.value(field, in: current.text, current.operation.was)
        var conflict = MergeConflict(
            kind: kind, state: state, operation: current.index, slot: Int32(current.slot), field: field,
            base: current.value(was), central: central, centralClock: clock, incoming: incoming, rule: rule,
            reason: reason, decided: decided, number: 0)
        records[current.slot].hasConflicts = records[current.slot].hasConflicts || state != .decided
        guard state != .decided else { return conflicts.append(conflict) }
        let earlier = undecided[Int32(current.slot)]?.last {
            conflicts[$0].kind == kind && conflicts[$0].state != .decided && conflicts[$0].field.equals(field)
                && author(of: conflicts[$0].operation) == current.author.code
        }
        if let earlier {
            conflict.number = conflicts[earlier].number
            conflict.base = conflicts[earlier].base
            conflicts[earlier] = conflict
            return
        }
        let continued = stored[Int32(current.slot)]?.last {
            $0.kind == kind && $0.field.withUnsafeBytes({ $0.equals(field) })
                && (state == .reopened || ($0.state != .decided && $0.journal == current.author.code))
        }
        conflict.number = continued?.number ?? 0
        undecided[Int32(current.slot), default: []].append(conflicts.count)
        conflicts.append(conflict)
    }

    private func author(of operation: Int) -> Int32? {
        batch.run(of: operation).map { context.runCodes[$0] }
    }
}
