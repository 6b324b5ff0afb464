import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Visits an exchange directory: merges what is there for head office, leaves a return bundle for every terminal that
    /// needs one, and takes away what is no longer needed.
    ///
    /// What fails with one bundle does not stop the others; what fails while something is left is part of the report.
    /// - Throws: `NightdropError` of kind `notFound` if the directory is not there, `notPermitted` if it belongs to another
    ///   organisation, `tryAgain` while another merge runs, `badSettings` if the section `watch` of the settings is wrong; an
    ///   error of this node's own disk.
    public func exchange(with path: String, _ options: ExchangeOptions = ExchangeOptions()) throws -> ExchangeReport {
        try NightdropError.attempt { try visit(path, options) }
    }

    private func visit(_ path: String, _ options: ExchangeOptions) throws -> ExchangeReport {
        _ = try settings.checkedWatch()
        var visit = try ExchangeVisit(path, node: settings.id, organisation: organisation, options, fileSystem)
        if options.cleansUp, !visit.report.isReadOnly {
            visit.attempt { try removeLeftovers(in: $0.place) }
        }
        let merged = try merge(
            [visit.report.directory], progress: ExchangeProgress.merging(options.progress),
            isEnding: options.isEnding)
        visit.took(merged.bundles)
        if let restored = merged.restored { visit.note(restored.words) }
        if let words = merged.lostWords { visit.note(words) }
        guard options.isLeaving else { return visit.finish() }
        let answers = try answers(to: merged.bundles, all: options.answersAll)
        guard !visit.report.isReadOnly else {
            if answers.isEmpty {
                visit.note("\(visit.report.directory) is read-only: nothing was left")
            } else {
                let tills = answers.count == 1 ? "1 till" : "\(answers.count) tills"
                visit.couldNotLeave("the answers for \(tills) wait for another way")
            }
            return visit.finish()
        }
        visit.mark(organisation)
        for answer in answers {
            visit.attempt { (visit: inout ExchangeVisit) in
                let result = try leave(
                    answer, in: visit.place, maxSize: options.maxSize, ifAbsent: true, progress: options.progress)
                for bundle in result.written { visit.left(bundle, wasThere: result.wasThere) }
                visit.replaced(result.replaced)
            }
        }
        for node in try contented(among: merged.bundles, besides: Set(answers.map(\.terminal.node))) {
            visit.attempt { $0.replaced(try takeBack(for: node, in: $0.place)) }
        }
        let refused = Set(merged.bundles.compactMap(\.refusedKey))
        visit.attempt { visit in
            for bundle in try tell(refused, in: visit.place, spacing: options.heartbeatMilliseconds) {
                visit.left(bundle, wasThere: false)
            }
        }
        let open = try store.read { try $0.openConflicts() }
        if open > 0 { visit.note("\(open == 1 ? "1 conflict waits" : "\(open) conflicts wait") for a person") }
        return visit.finish()
    }

    /// What is to be written, and for whom.
    private func answers(to outcomes: [BundleOutcome], all: Bool) throws -> [ReturnWriter] {
        let senders = Set(outcomes.compactMap(\.from))
        let revoked = try revokedNodes()
        let strange = Set(outcomes.filter(RestoreSigns.isStrange).compactMap(\.from))
        let withGap = Set(outcomes.filter { $0.outcome == .waiting }.compactMap(\.from))
        return try store.read { reader in
            let cursor = try reader.cursor()
            let held = try reader.journals()
            return try reader.terminals().compactMap { terminal in
                guard all || senders.contains(terminal.node.text), !revoked.contains(terminal.node),
                    !strange.contains(terminal.node.text)
                else {
                    return nil
                }
                let hasGap = withGap.contains(terminal.node.text)
                let need = ReturnNeed(
                    terminal, cursor: cursor, coverage: coverage(of: terminal),
                    isAsked: try hasGap || reader.isRequested(terminal))
                guard need != .nothing else { return nil }
                var answer = ReturnWriter(central: self, terminal: terminal, isGrant: need == .grant)
                if hasGap {
                    let seq = held.first { $0.journal == terminal.journal }?.seq ?? 0
                    answer.directives.append(.sendAgain(from: seq + 1))
                }
                return answer
            }
        }
    }

    /// The terminals that were heard of and lack nothing.
    private func contented(among outcomes: [BundleOutcome], besides answered: Set<NodeID>) throws -> [NodeID] {
        let senders = Set(
            outcomes.filter { $0.outcome == .merged || $0.outcome == .known }.compactMap(\.from))
        guard !senders.isEmpty else { return [] }
        return try store.read { reader in
            let cursor = try reader.cursor()
            return try reader.terminals().filter { terminal in
                try senders.contains(terminal.node.text) && !answered.contains(terminal.node)
                    && ReturnNeed(
                        terminal, cursor: cursor, coverage: coverage(of: terminal),
                        isAsked: reader.isRequested(terminal)) == .nothing
            }.map(\.node)
        }
    }

    /// What still lies there for a terminal that lacks nothing is of no use to it: it may be damaged, or a return that came
    /// by another way first.
    private func takeBack(for node: NodeID, in place: ExchangeDirectory) throws -> [String] {
        try CarrierTurn(on: place, of: directory, fileSystem).run { try place.removeAll(of: settings.id, for: node) }
    }

    /// In turn, so nobody is writing there for head office meanwhile.
    private func removeLeftovers(in place: ExchangeDirectory) throws {
        _ = try CarrierTurn(on: place, of: directory, fileSystem).run { try place.removeLeftovers(of: settings.id) }
    }
}
