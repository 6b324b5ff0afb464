import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

extension Terminal {
    /// Keys that begin so are Nightdrop's own.
    static let reservedKey = "nightdrop:"

    /// Records operations, several as one transaction; durable on return.
    ///
    /// - Throws: `NightdropError` of kind `refused` for master data that breaks a rule; then nothing is written.
    @discardableResult
    public func record(_ drafts: [OperationDraft]) throws -> Recorded {
        try checkUse(drafts)
        return try NightdropError.attempt {
            if present.mustCatchUp { try catchUp.makeRoom(rules) }
            let foresight = try foresee(drafts)
            let recorded = try journal.commit { builder in try compose(drafts, foresight, &builder) }
            guard !recorded.isRepeat else { return recorded }
            scheduleCatchUp()
            broadcaster.send(.recorded(first: recorded.first, last: recorded.last))
            return recorded
        }
    }

    /// Records one operation; durable on return.
    @discardableResult
    public func record(_ draft: OperationDraft) throws -> Recorded { try record([draft]) }

    /// Records several commits, each a transaction of its own, with one sync for all: much faster than one by one. Stops at
    /// the first that is refused; those before it are recorded and durable on return.
    ///
    /// Together they have at most 8 MiB of text.
    public func record(commits: [[OperationDraft]]) throws -> RecordedCommits {
        try NightdropError.attempt {
            if present.mustCatchUp { try catchUp.makeRoom(rules) }
            let foresight = try commits.map(foresee)
            let result = try journal.commit { builder -> RecordedCommits in
                var result = RecordedCommits()
                for (drafts, foresight) in zip(commits, foresight) {
                    do {
                        try checkUse(drafts)
                        result.recorded.append(try compose(drafts, foresight, &builder))
                    } catch {
                        result.failure = NightdropError(error)
                        break
                    }
                }
                return result
            }
            let new = result.recorded.filter { !$0.isRepeat }
            if !new.isEmpty { scheduleCatchUp() }
            for recorded in new { broadcaster.send(.recorded(first: recorded.first, last: recorded.last)) }
            return result
        }
    }

    /// Returns once the store holds everything recorded before the call.
    public func flush() throws {
        try NightdropError.attempt { try catchUp.run(rules) }
        statusMayHaveChanged()
    }

    /// Catches the store up behind the caller's back, and the status with it.
    func scheduleCatchUp() {
        catchUp.schedule(
            { [weak self] in self?.rules }, done: { [weak self] in self?.writeStatusSoon() })
    }

    /// Worth its while for larger commits only; a small one finds out as quickly when it is its turn.
    private func foresee(_ drafts: [OperationDraft]) throws -> Foresight? {
        guard drafts.count > 4 else { return nil }
        let turn = present.turn
        return try Foresight(drafts, turn: turn, rules, store)
    }

    /// Runs under the journal's lock.
    private func compose(
        _ drafts: [OperationDraft], _ foresight: Foresight?, _ builder: inout CommitBuilder
    ) throws -> Recorded {
        try present.compose(
            next: builder.nextSeq, catchUp: { try catchUp.runFromJournal(through: $0, rules) }
        ) { composition in
            if let key = drafts.first?.key, let known = try composition.numbers(ofKey: key) {
                return Recorded(first: known.lowerBound, last: known.upperBound, isRepeat: true)
            }
            var filling = DraftFilling(rules: try currentRules(composition.generation), csn: composition.csn)
            for index in drafts.indices {
                try checkSpelling(drafts[index].entity, filling.rules.policy, composition)
            }
            let numbers = try composition.append(drafts, foresight, to: &builder, &filling)
            return Recorded(first: numbers.lowerBound, last: numbers.upperBound, faults: filling.faults)
        }
    }

    /// The rules that hold now; another process may have taken in a new policy.
    private func currentRules(_ generation: Int64) throws -> TerminalRules {
        let known = rules
        guard known.generation != generation else { return known }
        let text = try store.lookUp { try $0.state() }.policy
        try changeRules { rules in
            if text != rules.policyText || rules.settings.central == nil {
                var settings = try TerminalParts.settings(directory, fileSystem)
                (settings.watch, settings.watchError) = (rules.settings.watch, rules.settings.watchError)
                rules = try TerminalRules(
                    settings: settings, policyText: text ?? rules.policyText, file: directory.policy)
            }
            rules.generation = generation
        }
        return rules
    }

    private func checkSpelling(_ entity: String, _ policy: Policy, _ composition: Composition) throws {
        guard !policy.names(entity) else { return }
        let lower = entity.lowercased()
        let other = policy.entities.first { $0.name.lowercased() == lower }?.name
        if let other = try other ?? composition.otherSpelling(of: entity) {
            throw NightdropError(.refused, "there is an entity \"\(other)\" already; write it so, not \"\(entity)\"")
        }
    }

    private func checkUse(_ drafts: [OperationDraft]) throws {
        guard !drafts.isEmpty else { throw NightdropError(.usage, "nothing to record") }
        let store = settings.store?.text
        for index in drafts.indices {
            if let wrong = wrongUse(drafts[index], store, isFirst: index == 0) {
                throw NightdropError(.usage, "\(drafts[index].entity) \(drafts[index].id): \(wrong)")
            }
        }
        if drafts[0].key?.hasPrefix(Terminal.reservedKey) == true {
            throw NightdropError(.refused, "keys that begin with \(Terminal.reservedKey) are Nightdrop's own")
        }
    }

    /// What is wrong with a draft at a terminal, whatever the policy says; nil if nothing is.
    private func wrongUse(_ draft: OperationDraft, _ store: String?, isFirst: Bool) -> String? {
        if draft.action == .update, draft.set.isEmpty, draft.add.isEmpty {
            "the update changes nothing; give the fields in \"set\" or \"add\""
        } else if draft.action == .delete, !draft.set.isEmpty || !draft.add.isEmpty {
            "a delete takes no fields"
        } else if let given = draft.store, given != store {
            "a terminal records for its own store only; leave \"store\" out"
        } else if draft.key != nil, !isFirst {
            "in a transaction the key stands on the first operation"
        } else {
            nil
        }
    }
}
