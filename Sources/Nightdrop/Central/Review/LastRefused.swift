import NightdropFormats
import NightdropModel
import NightdropStore

extension CentralWriter {
    /// Notes that a terminal's bundle was refused. One that is refused again because it still lies there is no news, also
    /// if others were merged since.
    func setLastRefused(_ node: NodeID, _ refused: RefusedBundle) throws {
        guard try lastRefused(node)?.manifest != refused.manifest else { return }
        try set(settingName(node), refused.json.compact)
    }

    /// Notes that what was refused of a terminal need not trouble anybody any more.
    func endLastRefused(_ node: NodeID) throws {
        guard var refused = try lastRefused(node), !refused.isOver else { return }
        refused.isOver = true
        try set(settingName(node), refused.json.compact)
    }
}

extension CentralReader {
    /// The last bundle of a terminal that was refused.
    func lastRefused(_ node: NodeID) throws -> RefusedBundle? {
        try setting(settingName(node)).flatMap { try? JSONValue.parse($0) }.flatMap(RefusedBundle.init)
    }
}

private func settingName(_ node: NodeID) -> String { "last-refused/\(node)" }

extension RefusedBundle {
    fileprivate init?(_ json: JSONValue) {
        guard let at = json["at"]?.integer, let bundle = json["bundle"]?.text,
            let manifest = json["manifest"]?.text.flatMap({ ContentHash($0) }), let reason = json["reason"]?.text
        else { return nil }
        self.init(at: at, bundle: bundle, manifest: manifest, reason: reason, isOver: json["over"] == true)
    }

    fileprivate var json: JSONValue {
        [
            "at": .integer(at), "bundle": .string(bundle), "manifest": .string(manifest.text),
            "reason": .string(reason), "over": .bool(isOver),
        ]
    }
}
