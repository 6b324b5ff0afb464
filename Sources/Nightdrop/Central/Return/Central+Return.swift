import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Writes a return bundle for each of the terminals, whether anything changed for it or not; none for one whose keys
    /// are revoked.
    ///
    /// - Parameters:
    ///   - nodes: The terminals; nil for all.
    ///   - exchange: The directory, in which they go to `to/<terminal>/`.
    ///   - maxSize: The most bytes of one file; what would be larger is split into parts.
    public func writeReturns(
        _ nodes: [NodeID]? = nil, to exchange: String, maxSize: Int64? = nil
    ) throws -> [MergeReport.Return] {
        let terminals = try store.read { try $0.terminals() }
        for node in nodes ?? [] where !terminals.contains(where: { $0.node == node }) {
            throw NightdropError(.notFound, "there is no terminal \(node); `nightdrop terminals` lists them")
        }
        let revoked = try revokedNodes()
        if let node = nodes?.first(where: revoked.contains) {
            throw NightdropError(.notPermitted, "the keys of \(node) are revoked: nothing is written for it")
        }
        let receivers = terminals.filter { (nodes?.contains($0.node) ?? true) && !revoked.contains($0.node) }
        return try receivers.flatMap {
            // A terminal that was never heard of may not have its grant yet, which this bundle would replace on the carrier.
            try write(
                ReturnWriter(central: self, terminal: $0, isGrant: $0.seen == 0), to: exchange, maxSize: maxSize)
        }
    }

    /// Answers the terminals whose bundles were taken; not one that brought nothing new and lacks nothing.
    func writeReturns(
        answering taken: [NodeID: Manifest], _ outcomes: [BundleOutcome], to exchange: String
    ) throws -> [MergeReport.Return] {
        let (terminals, cursor) = try store.read { (try $0.terminals(), try $0.cursor()) }
        return try terminals.flatMap { terminal -> [MergeReport.Return] in
            guard let manifest = taken[terminal.node] else { return [] }
            let mine = outcomes.filter { $0.from == terminal.node.text }
            let brought = mine.contains { $0.outcome == .merged || $0.outcome == .waiting }
            guard
                brought || manifest.pending > 0 || terminal.cursor != cursor
                    || terminal.coverage != coverage(of: terminal)
            else { return [] }
            var answer = ReturnWriter(central: self, terminal: terminal)
            if mine.contains(where: { $0.outcome == .waiting }) {
                let held = try store.read { try $0.journal(terminal.journal) }?.seq ?? 0
                answer.directives.append(.sendAgain(from: held + 1))
            }
            return try write(answer, to: exchange)
        }
    }

    /// What a terminal receives now: what it wishes, under the present policy.
    func coverage(of terminal: TerminalRow) -> Coverage {
        Coverage(policyVersion: policy.version, receives: terminal.subscription)
    }

    /// Writes an answer, and removes what it replaces. One line for each file, if it was split.
    func write(_ answer: ReturnWriter, to exchange: String, maxSize: Int64? = nil) throws -> [MergeReport.Return] {
        try leave(answer, in: ExchangeDirectory(exchange, fileSystem: fileSystem), maxSize: maxSize).written.map {
            MergeReport.Return(terminal: answer.terminal.node, file: $0.path)
        }
    }

    /// The same. With `ifAbsent`, nothing is written if what lies there already says as much.
    func leave(
        _ answer: ReturnWriter, in place: ExchangeDirectory, maxSize: Int64? = nil, ifAbsent: Bool = false,
        progress: (@Sendable (ExchangeProgress) -> Void)? = nil
    ) throws -> (written: [WrittenBundle], wasThere: Bool, replaced: [String]) {
        let folder = try place.destination(to: answer.terminal.node, organisation: organisation)
        return try CarrierTurn(on: place, of: directory, fileSystem).run {
            try leave(answer, in: place, folder, maxSize: maxSize, ifAbsent: ifAbsent, progress: progress)
        }
    }

    private func leave(
        _ answer: ReturnWriter, in place: ExchangeDirectory, _ folder: String, maxSize: Int64?, ifAbsent: Bool,
        progress: (@Sendable (ExchangeProgress) -> Void)?
    ) throws -> (written: [WrittenBundle], wasThere: Bool, replaced: [String]) {
        let limit = min(maxSize ?? .max, try place.medium()?.largestFileBytes ?? .max)
        if ifAbsent {
            let standing = place.standing(
                for: try store.read(answer.outline), in: folder, key: try key.publicKey, limit: limit)
            guard standing.isEmpty else { return (standing, true, []) }
        }
        let written = try answer.write(into: folder, limit: limit, progress: progress)
        let replaced = try place.removeSuperseded(by: written) + removeFormer(written, in: folder, of: answer.terminal)
        try store.write { writer in
            for bundle in written {
                try writer.add(
                    EventRow(
                        time: Clock.now(), kind: answer.isGrant ? "enroll" : "return", node: answer.terminal.node.text,
                        bundle: bundle.manifest.fileName))
            }
        }
        return (written, false, replaced)
    }
}
