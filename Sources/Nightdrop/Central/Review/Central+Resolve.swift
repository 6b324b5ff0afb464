import NightdropFormats
import NightdropMerge
import NightdropModel
import NightdropStore

extension Central {
    /// Decides a conflict, or decides it anew: an operation in head office's own journal, which travels to all tills.
    ///
    /// - Throws: `NightdropError` of kind `tryAgain` if the record is no longer as the conflict shows it; from then on the
    ///   conflict shows what stands now. Of kind `refused` for a value that breaks a rule of the policy.
    public func resolve(_ number: Int64, _ decision: Decision, by: String? = nil) throws -> Recorded {
        guard let shown = try conflict(number) else {
            throw NightdropError(.notFound, "there is no conflict \(number)")
        }
        return try resolve([shown], decision, by: by)[0].result.get()
    }

    /// Decides conflicts as they were shown. One that cannot be decided does not hold up the others.
    public func resolve(_ shown: [ConflictRow], _ decision: Decision, by: String? = nil) throws -> [Resolution] {
        let answers = try recordAll(shown) { shown, hand in try [draft(shown, decision, by, hand)] }
        return zip(shown, answers).map { Resolution(conflict: $0.number, result: $1) }
    }

    /// Applies an operation that was not applied, as it is or with other values, as an operation of head office.
    ///
    /// - Parameters:
    ///   - set: A JSON object of the fields that get other values than those that came in.
    ///   - id: The id of the record, if it shall be another one.
    public func apply(_ number: Int64, set: String? = nil, id: String? = nil, by: String? = nil) throws -> Recorded {
        try resolve(number, .apply(set: set, id: id), by: by)
    }

    private func draft(
        _ shown: ConflictRow, _ decision: Decision, _ by: String?, _ hand: CommitsInHand
    ) throws -> OperationDraft {
        let record = { id in try hand.record(shown.entity, store: shown.store, id: id) }
        try check(shown, decision, try record(shown.id), hand)
        let draft = try DecisionDraft(shown, decisions: try decisions(shown, hand.writer), record: record)
            .draft(decision, by: by)
        let isDelete = decision.applies && HeldOperation(shown)?.action == .delete
        if !draft.set.isEmpty || !draft.add.isEmpty || isDelete,
            let violation = validator.violations(of: draft, by: .central).first
        {
            throw NightdropError(
                .refused,
                "conflict \(shown.number), \(draft.entity) \(draft.id): \(violation.text) Give other values with --set."
            )
        }
        return draft
    }

    /// The conflict must still be the one that the person has looked at, and so must what it is about.
    private func check(
        _ shown: ConflictRow, _ decision: Decision, _ present: DraftedRecord?, _ hand: CommitsInHand
    ) throws {
        let now = try hand.writer.conflict(shown.number)
        guard now?.csn == shown.csn, now?.revision == shown.revision, now?.state == shown.state else {
            throw moved(shown)
        }
        guard let present else { return }
        let stands = shown.state == ConflictState.decided.rawValue || shown.isBooked
        let expected = stands ? shown.decided ?? shown.central : shown.central
        let value: String?
        switch ConflictKind(rawValue: shown.kind) {
        case .deleteUpdate where shown.field == nil && HeldOperation(shown) == nil:
            value = present.lives ? "true" : "false"
        case .constraint:
            // What came in stays or is taken back whatever the counter says by now.
            guard case .value = decision else { return }
            return try checkCounter(shown, present, hand)
        default: value = shown.field.flatMap { name in present.fields.first { $0.name == name }?.value.json }
        }
        guard let value else { return }
        if let expected {
            guard !Central.areEqual(value, expected) else { return }
        } else if policy.entity(shown.entity).fields.first(where: { $0.name == shown.field })?.merge == .counter {
            // What a counter was given is no value that could replace its sum.
            return
        }
        hand.hasMoved(shown.number)
        throw moved(shown)
    }

    /// Whoever gives a counter another value must have seen the present one.
    private func checkCounter(_ shown: ConflictRow, _ present: DraftedRecord, _ hand: CommitsInHand) throws {
        let value = shown.field.flatMap { name in present.fields.first { $0.name == name }?.value.json }
        guard let value, let expected = shown.decided, !Central.areEqual(value, expected) else { return }
        hand.hasMoved(shown.number)
        throw moved(shown)
    }

    private func moved(_ shown: ConflictRow) -> NightdropError {
        NightdropError(
            .tryAgain,
            "\(shown.entity) \(shown.id) has changed since conflict \(shown.number) was shown; look at it again")
    }

    private static func areEqual(_ left: String, _ right: String) -> Bool {
        Array(left.utf8).withUnsafeBytes { left in
            Array(right.utf8).withUnsafeBytes { Values.areEqual(left, $0) }
        }
    }
}
