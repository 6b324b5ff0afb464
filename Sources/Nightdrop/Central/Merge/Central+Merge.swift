import Foundation
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Merges bundles: files, or directories with their `to/<me>/`. Never removes any of them.
    ///
    /// - Parameters:
    ///   - exchange: Where to write return bundles for the terminals whose bundles were taken; nil for none.
    ///   - progress: Called now and then, from another thread.
    ///   - isEnding: Asked before each bundle, from another thread: whether the others shall be passed over.
    /// - Throws: `NightdropError` of kind `tryAgain` if another merge runs on this node for seconds; an error of the store or
    ///   the disk, after which everything that was committed stays and the rest can be merged again.
    public func merge(
        _ paths: [String], returnTo exchange: String? = nil, progress: (@Sendable (MergeProgress) -> Void)? = nil,
        isEnding: (@Sendable () -> Bool)? = nil
    ) throws -> MergeReport {
        let lock = try lockForMerge()
        defer { _ = lock }
        let inputs = try MergeInput.collect(paths, for: settings.id, fileSystem)
        var committer = MergeCommitter(HookDesk(self))
        let session = try run(inputs, progress, isEnding: isEnding) { try committer.commit($0, to: store) }
        defer { for copy in session.inboxCopies { try? fileSystem.remove(copy) } }
        // What is not tidied today is tidied with the next merge; this one is done.
        try? tidyIfDue()
        return try report(session, committer, returnTo: exchange)
    }

    /// What a session whose operations are all committed did; with return bundles.
    func report(
        _ session: MergeSession, _ committer: MergeCommitter, returnTo exchange: String?
    ) throws -> MergeReport {
        var report = MergeReport()
        report.bundles = session.outcomes(committer)
        report.restored = try heed(session)
        report.lost = try takeBack(session.echoes)
        report.csn = try store.read { try $0.cursor().csn }
        if let exchange {
            report.returns = try writeReturns(answering: session.taken, report.bundles, to: exchange)
        }
        return report
    }

    /// A watch merges what arrives in the twinkling of an eye, so another merge is waited for a little.
    func lockForMerge() throws -> any FileLock {
        let end = Clock.sinceBoot() + Central.mergeWaitMilliseconds
        while true {
            do throws(FileError) {
                return try fileSystem.lock(directory.path + "/merge.lock", wait: false)
            } catch {
                guard error.kind == .locked else { throw error }
                guard Clock.sinceBoot() < end else {
                    throw NightdropError(
                        .tryAgain, "another merge is running on \(directory.path); try again when it is done")
                }
                Thread.sleep(forTimeInterval: 0.02)
            }
        }
    }

    private static let mergeWaitMilliseconds: Int64 = 5_000

    /// Takes in and decodes on one thread, commits on this one.
    func run(
        _ inputs: [MergeInput], leaving trace: MergeSession.Trace = .all,
        _ progress: (@Sendable (MergeProgress) -> Void)?, isEnding: (@Sendable () -> Bool)? = nil,
        commit: (PendingMerge) throws -> Void
    ) throws -> MergeSession {
        let handover = Handover<PendingMerge>(capacity: 1)
        let result = Handover<Result<MergeSession, any Error>>(capacity: 1)
        let producer = Thread {
            do {
                let session = try MergeSession(self, leaving: trace, progress: progress, to: handover)
                try session.run(inputs, isEnding: isEnding)
                handover.end()
                _ = result.put(.success(session))
            } catch {
                handover.end()
                _ = result.put(.failure(error))
            }
        }
        producer.stackSize = 16 << 20
        producer.start()
        do {
            while let pending = handover.take() {
                try commit(pending)
                handover.giveBack(pending)
            }
        } catch {
            handover.giveUp()
            _ = result.take()
            throw error
        }
        guard let session = try result.take()?.get() else { throw CancellationError() }
        return session
    }

    /// Keeps a refused file for a look, and the refusal in the history.
    func noteRefusal(_ input: MergeInput, _ error: BundleError) {
        let name = Path.name(of: input.path)
        guard input.isExplicit || looks.refuse(input.path, input.found) else { return }
        try? store.write { writer in
            try writer.add(
                EventRow(
                    time: Clock.now(), kind: "refuse", bundle: name, details: ["reason": .string(error.summary)]))
        }
        guard !input.isExplicit, [65, 77].contains(error.status) else { return }
        try? Quarantine(folder: directory.quarantine, fileSystem: fileSystem)
            .keep(input.path, why: error.description, at: Clock.now())
    }
}
