import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStore

extension Central {
    /// The most commits of one transaction of the store.
    private static let commitsAtOnce = 1000

    /// Records a commit for each of `wishes`, many with one transaction of the store and one sync of the journal. What is
    /// refused does not hold up the others, unless `stopsAtFailure`: then it is the last answer.
    ///
    /// `drafts` makes a wish into operations that are known to be allowed. It is called under the store's write lock, in
    /// order, and sees what the commits before it make of the records; so nothing can come between. An error of the
    /// library that it throws is that wish's answer.
    ///
    /// What is in the journal is recorded, whatever becomes of the store then: it catches up at the next occasion.
    func recordAll<Wish>(
        _ wishes: [Wish], stopsAtFailure: Bool = false,
        _ drafts: (Wish, CommitsInHand) throws -> [OperationDraft]
    ) throws -> [Result<Recorded, NightdropError>] {
        var answers: [Result<Recorded, NightdropError>] = []
        while answers.count < wishes.count {
            let next = wishes[answers.count..<min(wishes.count, answers.count + Central.commitsAtOnce)]
            answers += try recordTogether(next, stopsAtFailure, drafts)
            if stopsAtFailure, case .failure = answers.last { break }
        }
        return answers
    }

    /// Answers as many of the wishes, at least one, as one commit of the journal has room for.
    private func recordTogether<Wish>(
        _ wishes: ArraySlice<Wish>, _ stopsAtFailure: Bool, _ drafts: (Wish, CommitsInHand) throws -> [OperationDraft]
    ) throws -> [Result<Recorded, NightdropError>] {
        var durable: ClosedRange<Int64>?
        do {
            return try store.write { writer in
                try catchUp(writer)
                let hand = try CommitsInHand(policy, writer)
                for wish in wishes {
                    do { try hand.add(try drafts(wish, hand)) } catch let error as NightdropError {
                        hand.refuse(error)
                        if stopsAtFailure { break }
                    }
                }
                let written = try journal.commit { builder in try hand.append(to: &builder) }
                if let numbers = written.numbers {
                    durable = numbers
                    try written.text.withUnsafeBytes { try merge(own: written.operations, $0, writer) }
                }
                try hand.finish(written)
                return hand.answers(written)
            }
        } catch {
            guard let durable else { throw error }
            throw NightdropError(
                .inputOutput,
                "recorded as \(durable.lowerBound) to \(durable.upperBound) in the journal; do not record it again. "
                    + "The store takes it in at the next start, for now it failed: \(NightdropError(error).message)")
        }
    }
}
