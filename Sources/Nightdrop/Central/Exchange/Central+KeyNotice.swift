import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// The key for which a bundle was refused, if it says that it is from a terminal of ours. Its signature fits the key, but
    /// nothing else of it is to be relied on.
    func refusedKey(of file: String, _ error: BundleError) -> RefusedKey? {
        guard [.unknownKey, .revokedKey].contains(error.code),
            let head = try? BundleReader.head(of: file, fileSystem: fileSystem),
            head.manifest.organisation == organisation, head.manifest.to == settings.id,
            let terminals = try? store.read({ try $0.terminals() }),
            terminals.contains(where: { $0.node == head.manifest.from.node })
        else { return nil }
        return RefusedKey(terminal: head.manifest.from.node, fingerprint: head.fingerprint)
    }

    /// Tells terminals that their keys are refused: each gets a return bundle with nothing else in it. Where another one of
    /// ours lies that it has not taken yet, that one stays.
    func tell(_ keys: Set<RefusedKey>, in place: ExchangeDirectory, spacing: Int64) throws -> [WrittenBundle] {
        let now = Clock.sinceBoot()
        let due = keys.filter { keyNotices.isDue($0, now: now, spacing: spacing) }
        guard !due.isEmpty else { return [] }
        let terminals = try store.read { try $0.terminals() }
        return try due.sorted { ($0.terminal.text, $0.fingerprint) < ($1.terminal.text, $1.fingerprint) }.flatMap {
            key in
            guard let terminal = terminals.first(where: { $0.node == key.terminal }) else { return [WrittenBundle]() }
            let folder = try place.destination(to: terminal.node, organisation: organisation)
            let notice = ReturnWriter(central: self, terminal: terminal, refusedKey: key.fingerprint)
            let written = try CarrierTurn(on: place, of: directory, fileSystem).run { try notice.write(into: folder) }
            keyNotices.tell(key, now: now)
            try store.write { writer in
                for bundle in written {
                    try writer.add(
                        EventRow(
                            time: Clock.now(), kind: "key-notice", node: terminal.node.text,
                            bundle: bundle.manifest.fileName, details: ["key": .string(key.fingerprint)]))
                }
            }
            return written
        }
    }
}
