import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Proves that the store holds what came in: that the database is sound, the change log complete, the archive readable and
    /// unchanged, that days' control totals are those of the operations held, and that each counter's balance is the sum of all
    /// increments that were accepted. Changes nothing; merging may go on meanwhile. Memory does not grow with the store.
    ///
    /// - Parameter progress: Called now and then.
    public func verifyStore(_ progress: ((VerificationProgress) -> Void)? = nil) throws -> StoreVerification {
        try store.read { reader in
            var verification = StoreVerification()
            progress?(VerificationProgress(fraction: 0, what: "database"))
            for text in try reader.integrityProblems() { verification.note(.init(.database, text)) }
            progress?(VerificationProgress(fraction: 0.05, what: "change log"))
            for text in try reader.logProblems() { verification.note(.init(.log, text)) }
            var archive = try ArchiveCheck(self, reader)
            try archive.run(&verification) { done in
                progress?(VerificationProgress(fraction: 0.1 + 0.4 * done, what: "archive"))
            }
            var conservation = try ConservationCheck(self, reader)
            try conservation.run(&verification) { done in
                progress?(VerificationProgress(fraction: 0.5 + 0.5 * done, what: "operations and counters"))
            }
            return verification
        }
    }
}
