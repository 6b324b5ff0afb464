import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

/// A key that head office knows.
public struct KnownKey: Sendable, Equatable {
    /// Who signs with it.
    public let node: String
    /// Its fingerprint, `SHA256:…`.
    public let fingerprint: String
    /// Whether bundles that it signed are refused.
    public let isRevoked: Bool
}

extension Central {
    /// The keys of head office and of all terminals, by node.
    public func keys() throws -> [KnownKey] {
        try NightdropError.attempt {
            let revoked = try revokedKeys()
            let signers = try AllowedSigners(file: fileSystem.contents(directory.allowedSigners) ?? [])
            return signers.entries.flatMap { entry in
                let fingerprint = entry.key.fingerprint
                return entry.principals.map {
                    KnownKey(node: $0, fingerprint: fingerprint, isRevoked: revoked.contains(fingerprint))
                }
            }.sorted { ($0.node, $0.fingerprint) < ($1.node, $1.fingerprint) }
        }
    }

    /// Has bundles refused from now on that are signed with a terminal's keys, whenever that was: whoever has its directory may
    /// be a thief. Nothing is left for it any more but that its key is refused.
    ///
    /// - Returns: the fingerprints of the keys that were not revoked before.
    /// - Throws: `NightdropError` of kind `notFound` if no terminal has that id.
    public func revoke(_ node: NodeID) throws -> [String] {
        try NightdropError.attempt {
            guard try store.read({ try $0.terminals() }).contains(where: { $0.node == node }) else {
                throw NightdropError(.notFound, "there is no terminal \(node); `nightdrop terminals` lists them")
            }
            let lock = try fileSystem.lock(directory.keys + "/lock", wait: true)
            defer { withExtendedLifetime(lock) {} }
            let new = try keys().filter { $0.node == node.text && !$0.isRevoked }.map(\.fingerprint)
            guard !new.isEmpty else { return [] }
            var text = String(decoding: try fileSystem.contents(directory.revokedKeys) ?? [], as: UTF8.self)
            if let last = text.last, last != "\n" { text += "\n" }
            let now = Clock.now()
            for key in new { text += "\(key) \(node), \(Timestamp.text(milliseconds: now))\n" }
            try fileSystem.publish(directory.revokedKeys, bytes: Array(text.utf8), permissions: 0o600)
            try store.write { writer in
                for key in new {
                    try writer.add(
                        EventRow(time: now, kind: "revoke", node: node.text, details: ["key": .string(key)]))
                }
                try writer.endLastRefused(node)
            }
            return new
        }
    }

    /// The fingerprints of keys that no longer count: the first word of each line that is no remark.
    func revokedKeys() throws -> Set<String> {
        let text = String(decoding: try fileSystem.contents(directory.revokedKeys) ?? [], as: UTF8.self)
        return Set(
            text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }
                .compactMap { $0.split(separator: " ").first.map(String.init) })
    }
}
