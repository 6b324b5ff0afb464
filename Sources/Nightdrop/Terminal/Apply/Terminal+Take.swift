import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

/// How a terminal takes bundles in.
struct TakingTerms {
    /// What would change more records is held back until `applyHeld`; nil for no limit.
    var limit: Int64?
    /// Whether there is no time left to give way to sales.
    var isEnding: (@Sendable () -> Bool)?
}

extension Terminal {
    /// Takes in bundles: files, or directories with their `to/<me>/`. Never removes any of them.
    ///
    /// Returns what became of each; in a directory, what is for somebody else is passed over.
    public func take(_ paths: [String]) throws -> [BundleOutcome] { try take(paths, TakingTerms()) }

    /// The same. Each bundle is copied home first (see `Landing`); the inbox is locked only while what has landed is taken in.
    func take(_ paths: [String], _ terms: TakingTerms) throws -> [BundleOutcome] {
        try NightdropError.attempt {
            var outcomes: [BundleOutcome] = []
            var waiting = try offers(paths, &outcomes)
            let landing = try waiting.isEmpty ? nil : Landing(directory, fileSystem)
            var passed: [Int64?] = []
            // One bundle may be what another waits for.
            while let landing, !waiting.isEmpty {
                var rest: [Offer] = []
                var results: [BundleOutcome] = []
                for offer in waiting {
                    let outcome = take(offer, landing, terms, &passed)
                    if outcome.outcome == .waiting { rest.append(offer) }
                    results.append(outcome)
                }
                let progress = results.contains { $0.outcome == .merged }
                outcomes += results.filter { !progress || $0.outcome != .waiting }
                waiting = progress ? rest : []
            }
            try withInbox {
                try reviewParts(of: &outcomes)
                try removeStaleParts()
                // What another visit has held back since stays.
                if try passed.contains(heldCreated()) { try dropHeld() }
            }
            for index in outcomes.indices { decideWord(on: &outcomes[index]) }
            if !outcomes.isEmpty { statusMayHaveChanged() }
            return outcomes
        }
    }

    /// Does something while nobody else takes anything in. Nothing of a carrier is touched in there.
    private func withInbox<Answer>(_ body: () throws -> Answer) throws -> Answer {
        let lock = try fileSystem.lock(directory.inbox + "/lock", wait: true)
        return try withExtendedLifetime(lock, body)
    }

    /// A file that may be a bundle for this terminal.
    struct Offer {
        let path: String
        /// Whether a directory listed it; else the caller named it.
        let isListed: Bool
        /// What it was when it was listed.
        var found: FileStatus?
    }

    private func offers(_ paths: [String], _ outcomes: inout [BundleOutcome]) throws -> [Offer] {
        var offers: [Offer] = []
        for path in paths {
            guard let status = try fileSystem.status(path) else {
                var outcome = BundleOutcome(file: path, outcome: .refused, reason: "not-found: there is no such file")
                outcome.status = NightdropError.Kind.notFound.rawValue
                outcomes.append(outcome)
                continue
            }
            guard status.isDirectory else {
                offers.append(Offer(path: path, isListed: false, found: status))
                continue
            }
            for file in try ExchangeDirectory(path, fileSystem: fileSystem).bundles(for: identity.node)
            where BundleName(Path.name(of: file))?.sender != identity.node {
                offers.append(Offer(path: file, isListed: true, found: try? fileSystem.status(file)))
            }
        }
        return offers
    }

    /// - Parameter passed: What was held back when something was applied, by when it was made.
    private func take(
        _ offer: Offer, _ landing: Landing, _ terms: TakingTerms, _ passed: inout [Int64?]
    ) -> BundleOutcome {
        do {
            let bundle = try BundleIntake(expectations(), fileSystem: fileSystem)
                .take(offer.path, into: landing.path(for: offer.path))
            return try withInbox { try accept(bundle, offer, terms, &passed) }
        } catch let error as BundleError {
            return refused(offer, error, landing)
        } catch {
            let error = NightdropError(error)
            var outcome = BundleOutcome(file: offer.path, outcome: .refused, reason: "failed: \(error.message)")
            outcome.status = error.kind.rawValue
            return outcome
        }
    }

    /// Takes in a bundle that has landed; the inbox is locked.
    private func accept(
        _ landed: VerifiedBundle, _ offer: Offer, _ terms: TakingTerms, _ passed: inout [Int64?]
    ) throws -> BundleOutcome {
        try BundleIntake(expectations(), fileSystem: fileSystem).confirm(landed)
        var bundle = landed
        if bundle.manifest.parts > 1 {
            // Under its own name the other parts find it, in a later visit, too.
            bundle = landed.moved(to: directory.inbox + "/" + landed.manifest.fileName)
            try fileSystem.rename(landed.path, to: bundle.path)
        }
        var outcome = BundleOutcome(file: offer.path, from: bundle.manifest.from.node.text, outcome: .known)
        outcome.total = bundle.manifest.operations
        if bundle.manifest.parts > 1 { outcome.part = ReturnPart(manifest: bundle.manifest) }
        guard let answer = bundle.manifest.answer else {
            throw BundleError(.malformed, file: offer.path, "it is no return bundle")
        }
        if let key = answer.refusedKey { return try heed(refused: key, bundle, &outcome) }
        if settings.central == nil { try adopt(grant: bundle) }
        try flush()
        try forgetRefusal(toldBefore: bundle.manifest)
        let state = try store.read { try $0.state() }
        switch ReturnDecision(answer, created: bundle.manifest.created, state: state, journal: identity.journal) {
        case .known:
            outcome.known = outcome.total
            try heed(answer, bundle.manifest, ifNewerThan: state.seen)
            try putAway(known: bundle, answer, state)
        case .wait(let reason): return try wait(&outcome, bundle, reason)
        case .refuse(let reason): return try refuse(&outcome, bundle, offer, reason)
        case .apply:
            guard let receipt = try heeded(answer.receipt) else {
                let seq = answer.receipt.position.seq
                return try refuse(
                    &outcome, bundle, offer,
                    "fork: head office holds another operation \(seq) of this journal than this terminal, or more of it; "
                        + "the terminal was restored from a backup, or its directory was copied")
            }
            if terms.limit != nil, let records = try recordsHeld(of: bundle.manifest) {
                try fileSystem.remove(bundle.path)
                noteHeld(records, &outcome)
                return outcome
            }
            let (parts, missing) = try parts(of: bundle)
            guard missing.isEmpty else {
                outcome.part?.missing = missing
                return keep(&outcome, PartSet.words(missing: missing))
            }
            if let limit = terms.limit, state.cursor != nil,
                let records = try hold(parts, answer, receipt, above: limit)
            {
                noteHeld(records, &outcome)
                return outcome
            }
            try apply(parts, answer, receipt, terms)
            passed.append(try heldCreated())
            try heed(answer, bundle.manifest)
            outcome.outcome = .merged
            outcome.new = outcome.total
        }
        return outcome
    }

    func expectations() throws -> BundleExpectations {
        let settings = settings
        let trust: BundleTrust
        if settings.central != nil, let signers = try fileSystem.contents(directory.allowedSigners) {
            trust = .signers(try AllowedSigners(file: signers), revoked: [])
        } else {
            trust = .firstUse(pinnedFingerprint: settings.centralFingerprint)
        }
        return BundleExpectations(
            node: settings.id, ownKey: key.publicKey, organisation: settings.organisation, trust: trust,
            kinds: [.return, .snapshot, .grant])
    }

    /// The receipt, if it is about the operations that this journal holds; one about another branch is none for us.
    private func heeded(_ receipt: Receipt) throws -> Receipt? {
        func isOurs(_ position: JournalPosition) throws -> Bool {
            guard position.journal == identity.journal, position.seq <= journal.lastSeq else { return false }
            return try position.seq == 0 || ContentHash.of(journal.reader.line(seq: position.seq)) == position.hash
        }
        if try isOurs(receipt.position) { return receipt }
        for branch in receipt.branches where try isOurs(branch) {
            return Receipt(position: branch, segment: nil, operations: branch.seq, totals: ControlTotals())
        }
        return nil
    }

    // MARK: What was not applied

    /// It waits where it lies; the copy is not needed.
    private func wait(
        _ outcome: inout BundleOutcome, _ bundle: VerifiedBundle, _ reason: String
    ) throws -> BundleOutcome {
        try fileSystem.remove(bundle.path)
        outcome.needsWord = true
        return keep(&outcome, reason)
    }

    /// It waits for somebody's word, which is no trouble.
    func noteHeld(_ records: Int64, _ outcome: inout BundleOutcome) {
        outcome.outcome = .waiting
        outcome.reason = "approval: \(records) records would change; nightdrop apply takes them over"
        outcome.status = 0
    }

    private func keep(_ outcome: inout BundleOutcome, _ reason: String) -> BundleOutcome {
        outcome.outcome = .waiting
        outcome.reason = "waiting: \(reason)"
        outcome.status = NightdropError.Kind.tryAgain.rawValue
        return outcome
    }

    private func refuse(
        _ outcome: inout BundleOutcome, _ bundle: VerifiedBundle, _ offer: Offer, _ reason: String
    ) throws -> BundleOutcome {
        try fileSystem.remove(bundle.path)
        outcome.outcome = .refused
        outcome.reason = reason
        outcome.needsWord = true
        outcome.status = NightdropError.Kind.refused.rawValue
        if looks.refuse(outcome.file, offer.found) {
            try store.failed(Path.name(of: outcome.file), reason, at: Clock.now())
        }
        return outcome
    }

    private func refused(_ offer: Offer, _ error: BundleError, _ landing: Landing) -> BundleOutcome {
        let judged = MergeInput(path: offer.path, isExplicit: !offer.isListed, found: offer.found)
            .judge(error, looks, fileSystem)
        var outcome = BundleOutcome(file: offer.path, outcome: .refused, reason: judged.summary)
        outcome.status = judged.status
        let name = Path.name(of: offer.path)
        let isForUs = offer.isListed && offer.path.hasSuffix("/to/\(identity.node)/\(name)")
        outcome.needsWord =
            isForUs && judged.status == NightdropError.Kind.refused.rawValue
            && BundleName(name)?.sender == settings.central
        switch judged.code {
        case .incomplete: outcome.outcome = .incomplete
        // One that is gone was replaced by a newer one since the directory was listed.
        case .wrongAddressee where offer.isListed, .notFound where offer.isListed:
            outcome.outcome = .skipped
            outcome.status = 0
        case _ where offer.isListed && !looks.refuse(offer.path, offer.found): break
        default:
            // Where this fails, the outcome says what matters all the same.
            try? store.failed(name, judged.summary, at: Clock.now())
            if isForUs, [65, 77].contains(judged.status) {
                try? Quarantine(directory, fileSystem)
                    .keep(offer.path, over: landing, why: judged.description, at: Clock.now())
            }
        }
        return outcome
    }
}
