import NightdropFormats
import NightdropModel
import NightdropStoreSQLite

/// What to do with a return bundle: decided from what it says and from where the terminal stands.
enum ReturnDecision: Equatable {
    /// It leads on from here.
    case apply
    /// It reaches no further.
    case known
    /// Something before it is missing, or it waits for something; why.
    case wait(String)
    /// It can never be applied here: a code, a colon and words.
    case refuse(String)

    init(_ answer: ReturnFacts, created: Int64, state: TerminalState, journal: UniqueID) {
        guard answer.journal == journal else {
            self = .refuse(
                "wrong-journal: it answers journal \(answer.journal.short), this terminal writes \(journal.short)")
            return
        }
        guard let cursor = state.cursor else {
            self =
                answer.start == nil
                ? .apply : .wait("this terminal needs a snapshot first; its next export asks for one")
            return
        }
        guard answer.reach.epoch == cursor.epoch else {
            self = ReturnDecision(answer, succeeding: cursor)
            return
        }
        let reach = answer.reach
        let bringsMore =
            ReturnDecision.holdsMore(answer.receipt, than: state.receipt)
            || (answer.coverage != state.coverage && answer.basis == state.coverage && created > state.seen)
        if reach.csn < cursor.csn || (reach == cursor && !bringsMore) {
            self = .known
        } else if reach.csn == cursor.csn, reach.transaction != cursor.transaction {
            self = .wait(
                "it reaches change \(reach.csn) on another way than this terminal; the next export says where it stands"
            )
        } else if answer.start != nil, state.coverage != answer.basis, state.coverage != answer.coverage {
            self = .wait("it was made for another policy or subscription; the next export says which holds here")
        } else if ReturnDecision.leadsOn(answer, from: cursor) {
            self = .apply
        } else {
            self = .wait(
                "it starts at change \(answer.start?.csn ?? 0), this terminal stands at \(cursor.csn); "
                    + "the next export says so")
        }
    }

    private init(_ answer: ReturnFacts, succeeding cursor: Cursor) {
        if !answer.succeeds.contains(where: { $0.epoch == cursor.epoch }) {
            self = .refuse(
                "older-epoch: it is from central's epoch \(answer.reach.epoch.short), which does not succeed "
                    + "\(cursor.epoch.short), where this terminal is")
        } else if answer.start != nil {
            self = .wait(
                "central was restored from a backup, so this terminal needs a snapshot; its next export asks for one")
        } else {
            self = .apply
        }
    }

    private static func leadsOn(_ answer: ReturnFacts, from cursor: Cursor) -> Bool {
        guard let start = answer.start else { return true }
        return start == cursor || answer.reach == cursor
            || (start.epoch == cursor.epoch
                && answer.transactions.contains { $0.csn == cursor.csn && $0.id == cursor.transaction })
    }

    private static func holdsMore(_ receipt: Receipt, than known: Receipt?) -> Bool {
        guard let known, known.position.journal == receipt.position.journal else { return true }
        return receipt.position.seq > known.position.seq
            || (receipt.segment?.number ?? 0) > (known.segment?.number ?? 0)
    }
}
