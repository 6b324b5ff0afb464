import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

/// A file that a merge was given: its verified copy, or what became of it where it lies.
struct FetchedBundle: Sendable {
    let input: MergeInput
    /// Nil if there is nothing to merge.
    var bundle: VerifiedBundle?
    var outcome: BundleOutcome
}

/// What a merge was given, at home. The copies last as long as this value.
struct Fetched {
    let bundles: [FetchedBundle]
    /// Nil if there were no files.
    fileprivate let landing: Landing?
}

extension Central {
    /// Copies bundles home, each verified, and keeps a trace of what is refused. No lock of the node is held (see `Landing`).
    ///
    /// - Parameters:
    ///   - leavesTrace: Whether what is refused goes into the quarantine and the history.
    ///   - progress: Called before each bundle.
    ///   - isEnding: Asked before each bundle: whether the others shall be passed over.
    func fetch(
        _ inputs: [MergeInput], leavesTrace: Bool, _ progress: (@Sendable (MergeProgress) -> Void)? = nil,
        isEnding: (@Sendable () -> Bool)? = nil
    ) throws -> Fetched {
        guard !inputs.isEmpty else { return Fetched(bundles: [], landing: nil) }
        let landing = try Landing(directory, fileSystem)
        let intake = BundleIntake(try expectations(), fileSystem: fileSystem)
        let bundles = inputs.enumerated().map { index, input in
            progress?(MergeProgress(copied: index, of: inputs.count))
            var fetched = FetchedBundle(input: input, outcome: BundleOutcome(file: input.path, outcome: .skipped))
            guard isEnding?() != true else { return fetched }
            do throws(BundleError) {
                // What counts is copied to the archive, durably; after a power cut the bundle is taken in again.
                fetched.bundle = try intake.take(input.path, into: landing.path(for: input.path), durably: false)
            } catch {
                let judged = input.judge(error, looks, fileSystem)
                fetched.outcome.refuse(input, judged)
                guard fetched.outcome.outcome == .refused else { return fetched }
                fetched.outcome.refusedKey = refusedKey(of: input.path, judged)
                if leavesTrace { noteRefusal(input, judged, over: landing) }
            }
            return fetched
        }
        return Fetched(bundles: bundles, landing: landing)
    }

    /// What head office takes: journals of terminals whose keys count now.
    func expectations() throws -> BundleExpectations {
        let signers = try AllowedSigners(file: fileSystem.contents(directory.allowedSigners) ?? [])
        return try BundleExpectations(
            node: settings.id, ownKey: key.publicKey, organisation: organisation,
            trust: .signers(signers, revoked: try revokedKeys()), kinds: [.journal])
    }

    /// Keeps traces of what a session has refused though it had come home well.
    func noteRefusals(of session: MergeSession, _ fetched: Fetched) {
        guard let landing = fetched.landing else { return }
        for refusal in session.refusals {
            noteRefusal(refusal.input, refusal.error, of: refusal.sender, over: landing)
        }
    }

    /// Keeps a refused file for a look, and the refusal in the history.
    private func noteRefusal(
        _ input: MergeInput, _ error: BundleError, of sender: MergeSession.Refusal.Sender? = nil, over landing: Landing
    ) {
        let name = Path.name(of: input.path)
        guard input.isExplicit || looks.refuse(input.path, input.found) else { return }
        let now = Clock.now()
        try? store.write { writer in
            try writer.add(
                EventRow(
                    time: now, kind: "refuse", node: sender?.node.text, bundle: name,
                    details: ["reason": .string(error.summary)]))
            guard let sender else { return }
            try writer.setLastRefused(
                sender.node,
                RefusedBundle(
                    at: now, bundle: name, manifest: sender.manifest, reason: error.summary, isOver: sender.isHeardOf))
        }
        guard !input.isExplicit, [65, 77].contains(error.status) else { return }
        try? Quarantine(directory, fileSystem)
            .keep(input.path, over: landing, why: error.description, at: Clock.now())
    }
}

extension BundleOutcome {
    /// Notes why a file was not taken in.
    mutating func refuse(_ input: MergeInput, _ error: BundleError) {
        reason = error.summary
        status = error.status
        switch error.code {
        case .incomplete: outcome = .incomplete
        // One that is gone was replaced by a newer one since the directory was listed.
        case .wrongAddressee where !input.isExplicit, .notFound where !input.isExplicit:
            outcome = .skipped
            status = 0
        default: outcome = .refused
        }
    }
}
