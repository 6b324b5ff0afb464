import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStoreSQLite

extension Terminal {
    /// Takes note that head office refuses a key, if it is this terminal's own. Whoever else signed in its name has nothing to
    /// do with it, and a notice that is older than what head office sent since is out of date.
    func heed(refused key: String, _ bundle: VerifiedBundle, _ outcome: inout BundleOutcome) throws -> BundleOutcome {
        try fileSystem.remove(bundle.path)
        guard key == fingerprint else {
            outcome.reason =
                "key-refused: it is about \(key), which is not this till's key: somebody else signs in its name"
            return outcome
        }
        let created = bundle.manifest.created
        guard created > (try store.read { try $0.state().seen }) else { return outcome }
        try store.keyRefused(key, at: created)
        if let refusal = try keyRefusal() {
            outcome.reason = "key-refused: \(refusal)"
            outcome.status = NightdropError.Kind.notPermitted.rawValue
        }
        return outcome
    }

    /// Any other return says that head office answers this terminal again.
    func forgetRefusal(toldBefore manifest: Manifest) throws {
        guard try store.read({ try $0.refusedKey() }) != nil else { return }
        try store.keyRefused(nil, at: manifest.created)
    }

    /// What to do about it if head office refuses this terminal's key; nil if it does not.
    func keyRefusal() throws -> String? { try store.read { try Terminal.keyRefusal($0, key: fingerprint) } }

    /// The same, by a reader. Where the terminal's key is not known, what was refused counts as its own.
    static func keyRefusal(_ reader: TerminalReader, key own: String?) throws -> String? {
        guard let key = try reader.refusedKey(), key == own ?? key else { return nil }
        return "head office refuses what this till sends: its key \(key) was revoked, or is not the one that was "
            + "enrolled. Sales are still recorded and kept here; ask head office (there: nightdrop keys list)"
    }
}

extension ReturnFacts {
    /// The key that central refuses, if that is what the return is about.
    var refusedKey: String? {
        for case .keyRefused(let fingerprint) in directives { return fingerprint }
        return nil
    }
}
