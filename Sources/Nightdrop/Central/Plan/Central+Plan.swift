import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Finds out what `merge` would do with bundles, and does nothing of it.
    ///
    /// The merge itself runs, in one transaction of the store that is undone. Whoever reads is not held up; whoever writes
    /// waits until it is over. Bundles are copied into the inbox for as long as it takes.
    public func preview(
        _ paths: [String], progress: (@Sendable (MergeProgress) -> Void)? = nil
    ) throws -> MergePlan {
        let fetched = try fetch(MergeInput.collect(paths, for: settings.id, fileSystem), leavesTrace: false)
        return try store.rehearse { writer in
            let ground = try Ground(self, writer)
            let before = try controlTotals(writer)
            let observer = PlanObserver()
            var committer = MergeCommitter(HookDesk(self), observer: observer)
            let session = try run(fetched, leaving: .none, progress) { try committer.write($0, writer) }
            var entities = observer.entities
            for (entity, count) in session.knownOperations { entities[entity, default: .init()].known += count }
            var conflicts: [ConflictRow] = []
            try writer.conflicts(ConflictFilter(all: true, after: ground.cursor.csn)) {
                conflicts.append(hidingSensitive($0))
            }
            let promise = MergePlan.Promise(
                node: settings.id, cursor: ground.cursor, journal: ground.journal,
                policyVersion: ground.policyVersion, policy: ground.policy,
                bundles: session.outcomes(committer), csn: try writer.cursor().csn,
                outcome: observer.outcome)
            return MergePlan(
                made: Clock.now(), promise: promise, entities: entities, controlTotalsBefore: before,
                controlTotalsAfter: try controlTotals(writer), counters: try counters(observer.counters),
                conflicts: conflicts, settled: Array(Set(observer.settled)).sorted())
        }
    }

    /// Merges exactly the bundles of a plan, and does exactly what it shows, or nothing: all of it is one transaction of
    /// the store.
    ///
    /// - Throws: `NightdropError` of kind `tryAgain` if the store, the policy or a bundle is no longer what the plan was
    ///   made from.
    public func apply(
        _ plan: MergePlan.Promise, returnTo exchange: String? = nil,
        progress: (@Sendable (MergeProgress) -> Void)? = nil
    ) throws -> MergeReport {
        let planned = plan.bundles.filter { $0.outcome == .merged || $0.outcome == .known }
        let inputs = try planned.map { bundle in
            guard try fileSystem.status(bundle.file) != nil else { throw hasMoved("\(bundle.file) is no longer there") }
            return MergeInput(path: bundle.file, isExplicit: true)
        }
        let fetched = try fetch(inputs, leavesTrace: false)
        let (session, done) = try apply(plan, planned, fetched, progress)
        return try answering(session, done, to: exchange)
    }

    /// Merges the planned bundles, which have come home, as planned.
    private func apply(
        _ plan: MergePlan.Promise, _ planned: [BundleOutcome], _ fetched: Fetched,
        _ progress: (@Sendable (MergeProgress) -> Void)?
    ) throws -> (MergeSession, MergeReport) {
        let lock = try lockForMerge()
        defer { withExtendedLifetime((lock, fetched)) {} }
        let (session, committer) = try store.write { writer in
            try check(plan, Ground(self, writer))
            let observer = PlanObserver()
            var committer = MergeCommitter(HookDesk(self), observer: observer)
            let session = try run(fetched, progress) { try committer.write($0, writer) }
            for (found, planned) in zip(session.outcomes(committer), planned) {
                guard found.manifest == planned.manifest else {
                    throw hasMoved("\(planned.file) is another bundle now")
                }
                guard found == planned else { throw hasMoved("\(planned.file) would no longer do the same") }
            }
            guard observer.outcome == plan.outcome, try writer.cursor().csn == plan.csn else {
                throw hasMoved("the bundles would no longer do the same")
            }
            return (session, committer)
        }
        return (session, try report(session, committer))
    }

    /// Reads what a plan promises, which was written as JSON.
    ///
    /// - Throws: `NightdropError` of kind `refused` if it is none, or one of another node.
    public func promise(file path: String) throws -> MergePlan.Promise {
        guard let bytes = try fileSystem.contents(path) else {
            throw NightdropError(.notFound, "there is no plan \(path)")
        }
        guard let plan = (try? JSONValue.parse(bytes)).flatMap(MergePlan.Promise.init(json:)) else {
            throw NightdropError(.refused, "\(path) is no plan of a merge")
        }
        guard plan.node == settings.id else {
            throw NightdropError(.refused, "\(path) is a plan of \(plan.node), and this is \(settings.id)")
        }
        return plan
    }

    /// Writes a plan as JSON, durably.
    public func write(_ plan: MergePlan, to path: String) throws {
        try fileSystem.publish(path, bytes: plan.json.bytes + [UInt8(ascii: "\n")])
    }

    private func check(_ plan: MergePlan.Promise, _ now: Ground) throws(NightdropError) {
        guard now.policy == plan.policy, now.policyVersion == plan.policyVersion else {
            throw hasMoved("the policy is another one, version \(now.policyVersion)")
        }
        guard now.cursor == plan.cursor, now.journal == plan.journal else {
            throw hasMoved("the store is at change \(now.cursor.csn), it was at \(plan.cursor.csn)")
        }
    }

    private func hasMoved(_ what: String) -> NightdropError {
        NightdropError(.tryAgain, "the store has moved since the plan was made: \(what). Make the plan again")
    }

    private func controlTotals(_ reader: any CentralReader) throws -> ControlTotals {
        try reader.journals().reduce(ControlTotals()) { $0.adding($1.totals) }
    }

    /// The sums of counters at present, read beside the transaction, and with what it changes.
    private func counters(_ changes: [String: [String: ExactDecimal]]) throws -> [MergePlan.Counter] {
        var counters: [MergePlan.Counter] = []
        for (entity, fields) in changes.sorted(by: { $0.key < $1.key }) {
            for (field, change) in fields.sorted(by: { $0.key < $1.key }) {
                let before = try store.read { try $0.sum(of: field, entity: entity) }
                counters.append(
                    MergePlan.Counter(
                        entity: entity, field: field, before: before, after: before.adding(change) ?? before))
            }
        }
        return counters
    }
}

/// What the store is at a moment.
private struct Ground {
    let cursor: Cursor
    let journal: JournalPosition
    let policyVersion: Int64
    let policy: ContentHash

    init(_ central: Central, _ reader: any CentralReader) throws {
        cursor = try reader.cursor()
        journal =
            try reader.journals().first { $0.journal == central.journalID }?.position
            ?? JournalPosition(journal: central.journalID, seq: 0, hash: .none)
        policyVersion = Int64(central.policy.version)
        let text = try reader.setting("policy") ?? PolicyFile.text(for: central.policy)
        policy = ContentHash.of(Array(text.utf8))
    }
}
