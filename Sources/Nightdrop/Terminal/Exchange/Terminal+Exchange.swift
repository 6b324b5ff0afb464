import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

extension Terminal {
    /// Visits an exchange directory: takes what is there for this terminal, leaves what central lacks, and takes away
    /// what is no longer needed.
    ///
    /// What fails with one bundle does not stop the others; what fails while something is left is part of the report.
    /// - Throws: `NightdropError` of kind `notFound` if the directory is not there, `notPermitted` if it belongs to another
    ///   organisation, `badSettings` if the section `watch` of the settings is wrong; an error of this node's own disk.
    public func exchange(with path: String, _ options: ExchangeOptions = ExchangeOptions()) throws -> ExchangeReport {
        try NightdropError.attempt { try visit(path, options) }
    }

    private func visit(_ path: String, _ options: ExchangeOptions) throws -> ExchangeReport {
        let watch = try settings.checkedWatch()
        var visit = try ExchangeVisit(
            path, node: identity.node, organisation: settings.organisation, options, fileSystem)
        if options.cleansUp, !visit.report.isReadOnly {
            visit.attempt { try removeLeftovers(in: $0.place) }
        }
        let limit = options.asksForLargeChanges && watch.largeChanges == .ask ? watch.autoApplyLimit : nil
        let terms = TakingTerms(limit: limit, isEnding: options.isEnding)
        visit.took(
            try take([visit.report.directory], terms).map { outcome in
                var outcome = outcome
                // On a stick nothing arrives any more.
                if outcome.part?.isWaiting == true, !options.isShared { outcome.needsWord = true }
                return outcome
            })
        if visit.report.status == 0, try store.read({ try $0.state() }).error != nil {
            try store.recovered()
            statusMayHaveChanged()
        }
        if let refusal = try keyRefusal() {
            visit.note(refusal, status: NightdropError.Kind.notPermitted.rawValue)
        }
        guard settings.central != nil else {
            visit.note("this till is not enrolled yet: it has no grant of head office, so it left nothing")
            return visit.finish()
        }
        // What the last bundle stated is forgotten when head office asks for a fresh one.
        let isAsked = try store.read { try $0.state() }.exported == nil
        // What was damaged or lost on its way is written again only for one who is known to lack it.
        let isLacking = visit.report.came.contains(where: \.needsWord)
        guard options.isLeaving || options.leavesIfAsked && isAsked || options.leavesIfLacking && isLacking else {
            return visit.finish()
        }
        var options = options
        if isLacking { options.owesWord = true }
        guard !visit.report.isReadOnly else {
            try noteWhatWaits(&visit)
            return visit.finish()
        }
        if let organisation = settings.organisation { visit.mark(organisation) }
        visit.attempt { [options] (visit: inout ExchangeVisit) in
            let result = try export(ExportTerms(place: visit.place, maxSize: options.maxSize, visit: options))
            for bundle in result.written { visit.left(bundle, wasThere: result.wasThere) }
            visit.replaced(result.replaced)
        }
        return visit.finish()
    }

    /// Whether something of the present journal that was exported, or is ready to be, is covered by no receipt.
    public func awaitsReceipt() throws -> Bool {
        try NightdropError.attempt {
            let receipt = try store.read { try $0.state() }.receipt
            let held = receipt.flatMap { $0.position.journal == identity.journal ? $0.segment?.number : nil } ?? 0
            return try journal.reader.segments(from: held + 1).contains { $0.last != nil }
        }
    }

    /// In turn, so nobody is writing there for this terminal meanwhile.
    private func removeLeftovers(in place: ExchangeDirectory) throws {
        _ = try CarrierTurn(on: place, of: directory, fileSystem).run { try place.removeLeftovers(of: identity.node) }
    }

    /// On a medium that cannot be written.
    private func noteWhatWaits(_ visit: inout ExchangeVisit) throws {
        let pending = try status().totals.pending
        if pending > 0 {
            visit.couldNotLeave("\(pending == 1 ? "1 operation waits" : "\(pending) operations wait") for another way")
        } else {
            visit.note("\(visit.report.directory) is read-only: nothing was left")
        }
    }
}
