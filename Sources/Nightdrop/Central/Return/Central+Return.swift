import NightdropBundle
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Writes a return bundle for each of the terminals, whether anything changed for it or not.
    ///
    /// - Parameters:
    ///   - nodes: The terminals; nil for all.
    ///   - exchange: The directory, in which they go to `to/<terminal>/`.
    public func writeReturns(_ nodes: [NodeID]? = nil, to exchange: String) throws -> [MergeReport.Return] {
        let terminals = try store.read { try $0.terminals() }
        for node in nodes ?? [] where !terminals.contains(where: { $0.node == node }) {
            throw NightdropError(.notFound, "there is no terminal \(node); `nightdrop terminals` lists them")
        }
        return try terminals.filter { nodes?.contains($0.node) ?? true }.map {
            // A terminal that was never heard of may not have its grant yet, which this bundle would replace on the carrier.
            try write(ReturnWriter(central: self, terminal: $0, isGrant: $0.seen == 0), to: exchange)
        }
    }

    /// Answers the terminals whose bundles were taken; not one that brought nothing new and lacks nothing.
    func writeReturns(
        answering taken: [NodeID: Manifest], _ outcomes: [BundleOutcome], to exchange: String
    ) throws -> [MergeReport.Return] {
        let (terminals, cursor) = try store.read { (try $0.terminals(), try $0.cursor()) }
        return try terminals.compactMap { terminal in
            guard let manifest = taken[terminal.node] else { return nil }
            let mine = outcomes.filter { $0.from == terminal.node.text }
            let brought = mine.contains { $0.outcome == .merged || $0.outcome == .waiting }
            guard
                brought || manifest.pending > 0 || terminal.cursor != cursor
                    || terminal.coverage != coverage(of: terminal)
            else { return nil }
            var answer = ReturnWriter(central: self, terminal: terminal)
            if mine.contains(where: { $0.outcome == .waiting }) {
                let held = try store.read { try $0.journals() }.first { $0.journal == terminal.journal }?.seq ?? 0
                answer.directives.append(.sendAgain(from: held + 1))
            }
            return try write(answer, to: exchange)
        }
    }

    /// What a terminal receives now: what it wishes, under the present policy.
    func coverage(of terminal: TerminalRow) -> Coverage {
        Coverage(policyVersion: policy.version, receives: terminal.subscription)
    }

    func write(_ answer: ReturnWriter, to exchange: String) throws -> MergeReport.Return {
        let place = ExchangeDirectory(exchange, fileSystem: fileSystem)
        let folder = try place.destination(to: answer.terminal.node, organisation: organisation)
        let written = try answer.write(into: folder)
        _ = try place.removeSuperseded(by: [written])
        try store.write { writer in
            try writer.add(
                EventRow(
                    time: Clock.now(), kind: answer.isGrant ? "enroll" : "return", node: answer.terminal.node.text,
                    bundle: written.manifest.fileName))
        }
        return MergeReport.Return(terminal: answer.terminal.node, file: written.path)
    }
}
