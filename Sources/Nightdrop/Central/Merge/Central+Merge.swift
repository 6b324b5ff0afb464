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
        let fetched = try fetch(
            MergeInput.collect(paths, for: settings.id, fileSystem), leavesTrace: true, progress, isEnding: isEnding)
        let (session, done) = try merge(fetched, progress, isEnding)
        noteRefusals(of: session, fetched)
        return try answering(session, done, to: exchange)
    }

    /// Merges what has come home.
    private func merge(
        _ fetched: Fetched, _ progress: (@Sendable (MergeProgress) -> Void)?, _ isEnding: (@Sendable () -> Bool)?
    ) throws -> (MergeSession, MergeReport) {
        let lock = try lockForMerge(isEnding)
        defer { withExtendedLifetime((lock, fetched)) {} }
        var committer = MergeCommitter(HookDesk(self))
        let session = try run(fetched, progress, isEnding: isEnding) { try committer.commit($0, to: store) }
        // What is not tidied today is tidied with the next merge; this one is done.
        try? tidyIfDue()
        return (session, try report(session, committer))
    }

    /// The same report, with return bundles.
    func answering(_ session: MergeSession, _ done: MergeReport, to exchange: String?) throws -> MergeReport {
        var report = done
        if let exchange { report.returns = try writeReturns(answering: session.taken, report.bundles, to: exchange) }
        return report
    }

    /// What a session whose operations are all committed did.
    func report(_ session: MergeSession, _ committer: MergeCommitter) throws -> MergeReport {
        var report = MergeReport()
        report.bundles = session.outcomes(committer)
        report.restored = try heed(session)
        report.lost = try takeBack(session.echoes)
        report.csn = try store.read { try $0.cursor().csn }
        return report
    }

    /// A watch merges what arrives in the twinkling of an eye, so another merge is waited for a little; by a watch itself,
    /// which has the bundles at home by now, for as long as it runs.
    func lockForMerge(_ isEnding: (@Sendable () -> Bool)? = nil) throws -> any FileLock {
        try fileSystem.lock(
            directory.path + "/merge.lock", within: isEnding == nil ? Central.mergeWaitMilliseconds : nil,
            isEnding: isEnding
        ) {
            NightdropError(.tryAgain, "another merge is running on \(directory.path); try again when it is done")
        }
    }

    private static let mergeWaitMilliseconds: Int64 = 5_000

    /// Decodes on one thread, commits on this one.
    func run(
        _ fetched: Fetched, leaving trace: MergeSession.Trace = .archive,
        _ progress: (@Sendable (MergeProgress) -> Void)?, isEnding: (@Sendable () -> Bool)? = nil,
        commit: (PendingMerge) throws -> Void
    ) throws -> MergeSession {
        let handover = Handover<PendingMerge>(capacity: 1)
        let result = Handover<Result<MergeSession, any Error>>(capacity: 1)
        let bundles = fetched.bundles
        let producer = Thread {
            do {
                let session = try MergeSession(self, leaving: trace, progress: progress, to: handover)
                try session.run(bundles, isEnding: isEnding)
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
}
