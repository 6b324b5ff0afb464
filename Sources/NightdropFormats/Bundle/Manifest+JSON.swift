import NightdropModel

/// A manifest that is not what its format says.
public struct ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What to make of it.
    public enum Kind: Sendable, Equatable {
        /// Not JSON, or a key is missing or wrong.
        case malformed
        /// A format of another version.
        case unknownFormat
        /// It requires what this program cannot do.
        case unknownCapability
    }

    /// What to make of it.
    public let kind: Kind
    /// What is wrong.
    public let reason: String

    /// An error.
    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// What is wrong.
    public var description: String { reason }
}

extension Manifest {
    /// The bytes of `manifest.json`, the same for the same content.
    public var bytes: [UInt8] { json.bytes + [UInt8(ascii: "\n")] }

    private var json: JSONValue {
        [
            "nightdrop": .string(Manifest.format), "requires": .array(requires.map { .string($0) }),
            "kind": .string(kind.rawValue), "organisation": .string(organisation), "from": from.json,
            "to": .string(to.text), "created": .string(Timestamp.text(milliseconds: created)),
            "part": ["number": .integer(part), "of": .integer(parts)], "encrypted": .bool(encrypted),
            "software": .string(software), "clock": clock.json, "first": .integer(first), "last": .integer(last),
            "counts": ["operations": .integer(operations), "pending": .integer(pending)],
            "cursor": cursor?.json ?? .null, "coverage": coverage?.json ?? .null,
            "subscription": Coverage.json(of: subscription),
            "days": .array(
                days.map { ["segment": .integer($0.segment), "seq": .integer($0.seq), "close": $0.close.json] }),
            "segments": .array(segments.map(\.json)), "return": answer?.json ?? .null,
            "entries": .array(
                entries.map {
                    ["path": .string($0.path), "size": .integer($0.size), "hash": .string($0.hash.text)]
                }),
        ]
    }

    /// Reads the bytes of `manifest.json`.
    public init(_ bytes: [UInt8]) throws(ManifestError) {
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue.parse(bytes) } catch {
            throw ManifestError(.malformed, error.description)
        }
        guard let format = json["nightdrop"]?.text else { throw Manifest.malformed("nightdrop") }
        guard format == Manifest.format else {
            throw ManifestError(.unknownFormat, "format \(format), this program reads \(Manifest.format)")
        }
        let requires = try json.list("requires") { $0.text }
        if let unknown = requires.first(where: { !Manifest.capabilities.contains($0) }) {
            throw ManifestError(.unknownCapability, "requires \"\(unknown)\", which this program cannot do")
        }
        self.init(
            kind: try json.need("kind") { $0.text.flatMap(Kind.init(rawValue:)) },
            organisation: try json.need("organisation") { $0.text },
            from: try json.need("from", Sender.init), to: try json.need("to") { $0.text.flatMap(NodeID.init) },
            created: try json.need("created") { $0.text.flatMap(Timestamp.milliseconds) },
            software: try json.need("software") { $0.text }, clock: try json.need("clock", ClockFacts.init),
            first: try json.need("first") { $0.integer }, last: try json.need("last") { $0.integer },
            operations: try json.need("counts") { $0["operations"]?.integer })
        self.requires = requires
        part = Int(try json.need("part") { $0["number"]?.integer })
        parts = Int(try json.need("part") { $0["of"]?.integer })
        encrypted = try json.need("encrypted") { $0.bool }
        pending = try json.need("counts") { $0["pending"]?.integer }
        cursor = try json.maybe("cursor", Cursor.init(json:))
        coverage = try json.maybe("coverage", Coverage.init(json:))
        subscription = try json.maybe("subscription", Coverage.entities)
        days = try json.list("days") { day in
            guard let segment = day["segment"]?.integer, let seq = day["seq"]?.integer,
                let close = day["close"].flatMap(DayClose.init)
            else { return nil }
            return ClosedDay(close: close, segment: segment, seq: seq)
        }
        segments = try json.list("segments", Segment.init)
        answer = try json.maybe("return", ReturnFacts.init(json:))
        entries = try json.list("entries") { entry in
            guard let path = entry["path"]?.text, let size = entry["size"]?.integer, size >= 0,
                let hash = entry["hash"]?.text.flatMap(ContentHash.init)
            else { return nil }
            return Entry(path: path, size: size, hash: hash)
        }
        guard part >= 1, part <= parts else { throw Manifest.malformed("part") }
        guard (kind == .journal) == (answer == nil) else { throw Manifest.malformed("return") }
        guard (cursor == nil) == (coverage == nil) else { throw Manifest.malformed("coverage") }
    }

    fileprivate static func malformed(_ key: String) -> ManifestError {
        ManifestError(.malformed, "the manifest's \"\(key)\" is missing or wrong")
    }
}

extension JSONValue {
    fileprivate func need<Value>(_ key: String, _ read: (JSONValue) -> Value?) throws(ManifestError) -> Value {
        guard let value = self[key].flatMap(read) else { throw Manifest.malformed(key) }
        return value
    }

    fileprivate func maybe<Value>(_ key: String, _ read: (JSONValue) -> Value?) throws(ManifestError) -> Value? {
        guard let value = nullable(key, read) else { throw Manifest.malformed(key) }
        return value
    }

    fileprivate func list<Value>(_ key: String, _ read: (JSONValue) -> Value?) throws(ManifestError) -> [Value] {
        guard let values = all(key, read) else { throw Manifest.malformed(key) }
        return values
    }
}

extension Manifest.Sender {
    fileprivate var json: JSONValue {
        [
            "node": .string(node.text), "store": .optional(store?.text), "journal": .string(journal.text),
            "follows": follows?.json ?? .null,
        ]
    }

    fileprivate init?(_ json: JSONValue) {
        guard let node = json["node"]?.text.flatMap(NodeID.init),
            let journal = json["journal"]?.text.flatMap(UniqueID.init),
            let store = json.nullable("store", { $0.text.flatMap(NodeID.init) }),
            let follows = json.nullable("follows", JournalPosition.init)
        else { return nil }
        self.init(node: node, store: store, journal: journal, follows: follows)
    }
}

extension Manifest.Segment {
    fileprivate var json: JSONValue {
        [
            "number": .integer(number), "first": .integer(first), "last": .integer(last), "hash": .string(hash.text),
            "path": .string(path),
        ]
    }

    fileprivate init?(_ json: JSONValue) {
        guard let number = json["number"]?.integer, let first = json["first"]?.integer,
            let last = json["last"]?.integer, number > 0, first > 0, last >= first - 1,
            let hash = json["hash"]?.text.flatMap(ContentHash.init), let path = json["path"]?.text
        else { return nil }
        self.init(number: number, first: first, last: last, hash: hash, path: path)
    }
}

extension Manifest.ClockFacts {
    fileprivate var json: JSONValue {
        [
            "wall": .string(Timestamp.text(milliseconds: wall)), "sinceBoot": .integer(sinceBoot),
            "lastSeen": lastSeen == 0 ? .null : .string(Timestamp.text(milliseconds: lastSeen)),
        ]
    }

    fileprivate init?(_ json: JSONValue) {
        guard let wall = json["wall"]?.text.flatMap(Timestamp.milliseconds), let boot = json["sinceBoot"]?.integer,
            let lastSeen = json.nullable("lastSeen", { $0.text.flatMap(Timestamp.milliseconds) })
        else { return nil }
        self.init(wall: wall, sinceBoot: boot, lastSeen: lastSeen ?? 0)
    }
}
