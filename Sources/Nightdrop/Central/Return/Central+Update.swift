import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// The terminals that a new return bundle would help: they have a folder in an exchange directory with no bundle of ours
    /// left in it, are behind, and receive something of what changed behind a CSN, or if that is nil, behind what they last
    /// said they have: a bundle for them may have been lost.
    ///
    /// A terminal whose last bundle still lies there has not come by: when it does, it is answered. So head office does not
    /// write again and again for a till that is switched off.
    public func terminalsToUpdate(in exchange: String, behind csn: Int64?) throws -> [NodeID] {
        try NightdropError.attempt {
            let revoked = try revokedNodes()
            let behind = try store.read { reader in
                let cursor = try reader.cursor()
                var helps: [Receiving: Bool] = [:]
                return try reader.terminals().filter { terminal in
                    let coverage = coverage(of: terminal)
                    guard terminal.seen > 0, !revoked.contains(terminal.node),
                        terminal.cursor != cursor || terminal.coverage != coverage
                    else {
                        return false
                    }
                    let own = terminal.cursor.map { $0.epoch == cursor.epoch ? $0.csn : 0 } ?? 0
                    let start = csn ?? own
                    let receiving = Receiving(store: terminal.store, entities: terminal.subscription, start: start)
                    if helps[receiving] == nil {
                        helps[receiving] = try hasChanges(reader, behind: start, for: terminal.store, coverage)
                    }
                    return helps[receiving] == true || terminal.coverage != coverage
                }.map(\.node)
            }
            return try behind.filter { try isEmpty(exchange, $0) }
        }
    }

    /// What a terminal receives: the same for many.
    private struct Receiving: Hashable {
        let store: NodeID
        let entities: [String]?
        let start: Int64
    }

    /// The terminals that were last heard of before a time, have a folder in an exchange directory and no bundle of ours left
    /// in it. `time` is in milliseconds since 1970.
    public func silentTerminals(in exchange: String, since time: Int64) throws -> [NodeID] {
        try NightdropError.attempt {
            let revoked = try revokedNodes()
            return try store.read { try $0.terminals() }
                .filter { try $0.seen > 0 && $0.seen < time && isEmpty(exchange, $0.node) }.map(\.node)
                .filter { !revoked.contains($0) }
        }
    }

    /// Leaves a return bundle for each of some terminals in an exchange directory that has our marker; not where the one that
    /// lies there says as much.
    public func update(_ terminals: [NodeID], in exchange: String) throws {
        try NightdropError.attempt {
            guard let carrier = try ExchangeDirectory(exchange, fileSystem: fileSystem).marker()?.carrier else {
                throw NightdropError(.tryAgain, "\(exchange) is not mounted: it has no \(CarrierMarker.fileName)")
            }
            let place = ExchangeDirectory(exchange, fileSystem: fileSystem, carrier: carrier)
            let wanted = Set(terminals)
            for terminal in try store.read({ try $0.terminals() }) where wanted.contains(terminal.node) {
                _ = try leave(ReturnWriter(central: self, terminal: terminal), in: place, ifAbsent: true)
            }
        }
    }

    /// The last change.
    public func csn() throws -> Int64 { try NightdropError.attempt { try store.read { try $0.cursor().csn } } }

    private func hasChanges(
        _ reader: any CentralReader, behind csn: Int64, for store: NodeID, _ coverage: Coverage
    ) throws -> Bool {
        struct Found: Error {}
        guard try reader.cursor().csn > csn else { return false }
        let selection = ReturnSelection(start: csn, store: store, policy: policy, coverage: coverage)
        do { return try reader.changes(selection) { _ in throw Found() } > 0 } catch is Found { return true }
    }

    private func isEmpty(_ exchange: String, _ terminal: NodeID) throws -> Bool {
        let folder = "\(exchange)/to/\(terminal)"
        guard try fileSystem.status(folder)?.isDirectory == true else { return false }
        return try !fileSystem.names(in: folder).contains { BundleName($0)?.sender == settings.id }
    }
}
