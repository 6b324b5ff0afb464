import NightdropFormats
import NightdropJournal
import NightdropMerge
import NightdropModel
import NightdropStore

/// Commits of head office that are made ready under the store's write lock, to become durable and be merged together. Each
/// sees what those before it make of the records.
final class CommitsInHand {
    /// What a commit of the journal has written.
    struct Written: Sendable {
        /// The numbers of each commit, as far as there was room.
        var commits: [ClosedRange<Int64>] = []
        /// Why the first commit that is missing there was refused by the journal.
        var refusal: NightdropError?
        var text: [UInt8] = []
        var operations: [ScannedOperation] = []

        /// All numbers; nil where nothing was written.
        var numbers: ClosedRange<Int64>? {
            guard let first = commits.first, let last = commits.last else { return nil }
            return first.lowerBound...last.upperBound
        }
    }

    private enum Outcome {
        case known(ClosedRange<Int64>)
        case refused(NightdropError)
        /// A commit, by its place in `commits`.
        case commit(Int)
        /// The same key as an earlier one.
        case sameAs(Int)
    }

    let writer: any CentralWriter
    private let policy: Policy
    private let csn: Int64
    private var outcomes: [Outcome] = []
    private var commits: [[OperationDraft]] = []
    private var placesOfKeys: [String: Int] = [:]
    private var changed: [[String]: DraftedRecord] = [:]
    /// What the commit that is being added changes; it may yet be refused.
    private var changing: [[String]: DraftedRecord] = [:]
    private var moved: [Int64] = []

    init(_ policy: Policy, _ writer: any CentralWriter) throws {
        self.policy = policy
        self.writer = writer
        csn = try writer.cursor().csn
    }

    /// A record as the commits in hand leave it; nil if there never was one.
    func record(_ entity: String, store: String, id: String) throws -> DraftedRecord? {
        let name = [entity, store, id]
        return try changing[name] ?? changed[name]
            ?? writer.record(entity: entity, store: store, id: id).map(DraftedRecord.init)
    }

    /// A wish that cannot be recorded.
    func refuse(_ error: NightdropError) { outcomes.append(.refused(error)) }

    /// A conflict whose record is no longer as it shows; it shall show what stands now.
    func hasMoved(_ conflict: Int64) { moved.append(conflict) }

    /// Adds a commit, whose operations are filled in from the records. A key that was recorded already is answered with
    /// the numbers of then.
    func add(_ drafts: [OperationDraft]) throws {
        if let key = drafts.first?.key {
            if let place = placesOfKeys[key] { return outcomes.append(.sameAs(place)) }
            if let known = try writer.ownNumbers(ofKey: key) {
                return outcomes.append(.known(known.range))
            }
        }
        defer { changing.removeAll() }
        let filled = try drafts.map(fill)
        changed.merge(changing) { _, new in new }
        if let key = drafts.first?.key { placesOfKeys[key] = commits.count }
        outcomes.append(.commit(commits.count))
        commits.append(filled)
    }

    /// Appends the commits to the journal, up to one that it has no room for or refuses.
    func append(to builder: inout CommitBuilder) throws -> Written {
        var written = Written()
        for drafts in commits {
            do throws(JournalError) {
                written.commits.append(try builder.append(drafts))
            } catch {
                written.refusal = NightdropError(error)
                break
            }
        }
        (written.text, written.operations) = builder.withWritten { (Array($0), Array($1)) }
        return written
    }

    /// The answers, up to a commit that was refused because others are before it: alone it may be recorded.
    func answers(_ written: Written) -> [Result<Recorded, NightdropError>] {
        var answers: [Result<Recorded, NightdropError>] = []
        for outcome in outcomes {
            switch outcome {
            case .known(let numbers): answers.append(.success(Recorded(numbers, isRepeat: true)))
            case .refused(let error): answers.append(.failure(error))
            case .sameAs(let place):
                guard written.commits.indices.contains(place) else { return answers }
                answers.append(.success(Recorded(written.commits[place], isRepeat: true)))
            case .commit(let place):
                if written.commits.indices.contains(place) {
                    answers.append(.success(Recorded(written.commits[place])))
                } else {
                    if let refusal = written.refusal, place == 0 { answers.append(.failure(refusal)) }
                    return answers
                }
            }
        }
        return answers
    }

    /// Once everything in hand is merged: decisions go into the history, and conflicts show what has moved.
    func finish(_ written: Written) throws {
        for drafts in commits.prefix(written.commits.count) {
            guard let decision = drafts.first, let key = decision.key,
                let conflict = Array(key.utf8).withUnsafeBytes({ DecisionKey.conflict($0) })
            else { continue }
            try writer.add(
                EventRow(
                    time: Clock.now(), kind: "resolve",
                    details: [
                        "conflict": .integer(conflict), "entity": .string(decision.entity), "id": .string(decision.id),
                        "by": .optional(decision.by),
                    ]))
        }
        for conflict in moved { try writer.showPresent(conflict) }
    }

    /// Fills in `base`, `was` and increments from the state under the lock, and from the drafts before.
    private func fill(_ draft: OperationDraft) throws -> OperationDraft {
        let entity = policy.entity(draft.entity)
        let store = entity.scope == .store ? draft.store ?? "" : ""
        let present = try record(draft.entity, store: store, id: draft.id)
        try check(draft, present)
        var filled = draft
        if entity.scope == .all { filled.store = nil }
        if filled.base == nil { filled.base = csn }
        if filled.was == nil { filled.was = CommitsInHand.was(draft, present?.fields ?? [], entity) }
        filled = try CounterIncrements.applied(to: filled, entity: entity, present: present?.fields ?? [])
        changing[[draft.entity, store, draft.id]] = (present ?? DraftedRecord()).after(filled)
        return filled
    }

    /// A decision may be about any record; else one that lives is not made again, and one that does not is not changed.
    private func check(_ draft: OperationDraft, _ present: DraftedRecord?) throws(NightdropError) {
        guard draft.key?.hasPrefix(DecisionKey.reserved) != true else { return }
        if draft.action == .create, present?.lives == true {
            throw NightdropError(.refused, "\(draft.entity) \(draft.id) exists already: update it instead")
        }
        if draft.action != .create, present?.lives != true {
            throw NightdropError(.refused, "there is no \(draft.entity) \(draft.id)")
        }
    }

    private static func was(_ draft: OperationDraft, _ present: [Field], _ entity: EntityPolicy) -> [Field] {
        let names = draft.action == .delete ? [entity.controlTotal].compactMap { $0 } : draft.set.map(\.name)
        return names.compactMap { name in present.first { $0.name == name } }
    }
}

extension Recorded {
    fileprivate init(_ numbers: ClosedRange<Int64>, isRepeat: Bool = false) {
        self.init(first: numbers.lowerBound, last: numbers.upperBound, isRepeat: isRepeat)
    }
}
