import NightdropModel

/// One line of a return bundle's changes: the present values of the fields of one record that changed since the cursor.
///
///     {"entity":"product","id":"85123A","csn":512,"lives":true,"set":{"price":2.95}}
public struct ChangeLine: Sendable {
    /// The entity.
    public var entity = ByteRange.absent
    /// The record's id, as written.
    public var id = ByteRange.absent
    /// The store that the record belongs to, where its entity is per store.
    public var store = ByteRange.absent
    /// The record's latest change.
    public var csn: Int64 = 0
    /// Whether the record lives; nil where that has not changed.
    public var lives: Bool?
    /// Whether the record no longer belongs to the terminal.
    public var isGone = false
    /// The changed fields.
    public var set = ByteRange.absent

    /// Appends a line and its newline. `entity`, `id` and `store` are texts, `fields` are members of an object as JSON
    /// without braces.
    public static func append(
        entity: String, id: String, store: String?, csn: Int64, lives: Bool?, fields: UnsafeRawBufferPointer,
        to out: inout [UInt8]
    ) {
        out.append(contentsOf: "{\"entity\":".utf8)
        JSONString.append(entity, to: &out)
        out.append(contentsOf: ",\"id\":".utf8)
        JSONString.append(id, to: &out)
        if let store {
            out.append(contentsOf: ",\"store\":".utf8)
            JSONString.append(store, to: &out)
        }
        out.append(contentsOf: ",\"csn\":".utf8)
        OperationWriter.appendInteger(csn, to: &out)
        if let lives { out.append(contentsOf: (lives ? ",\"lives\":true" : ",\"lives\":false").utf8) }
        if fields.count > 0 {
            out.append(contentsOf: ",\"set\":{".utf8)
            out.append(contentsOf: fields)
            out.append(UInt8(ascii: "}"))
        }
        out.append(contentsOf: "}\n".utf8)
    }

    /// Reads the line that stands at `range`, newline not included.
    public init(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) throws(JSONError) {
        var line = ChangeLine()
        var scanner = JSONScanner(buffer, from: range.lowerBound, to: range.upperBound)
        try scanner.members { (name, scanner: inout JSONScanner) throws(JSONError) in
            let key = scanner.bytes[name]
            if key.matches("entity") {
                line.entity = try scanner.string()
            } else if key.matches("id") {
                line.id = try scanner.string()
            } else if key.matches("store") {
                line.store = try scanner.string()
            } else if key.matches("csn") {
                line.csn = try scanner.integer()
            } else if key.matches("lives") {
                line.lives = try scanner.truth()
            } else if key.matches("gone") {
                line.isGone = try scanner.truth()
            } else if key.matches("set") {
                guard scanner.current == UInt8(ascii: "{") else { throw scanner.unexpected("expected fields") }
                line.set = try scanner.value()
            } else {
                throw JSONError(offset: Int(name.start), reason: "a change has no key \"\(key.text)\"")
            }
        }
        guard scanner.position == scanner.end, line.entity.isPresent, line.id.isPresent, line.csn > 0 else {
            throw scanner.unexpected("not a line of changes")
        }
        self = line
    }

    private init() {}
}

extension JSONScanner {
    fileprivate mutating func truth() throws(JSONError) -> Bool {
        let isTrue = current == UInt8(ascii: "t")
        guard isTrue || current == UInt8(ascii: "f") else {
            throw unexpected("expected true or false")
        }
        _ = try value()
        return isTrue
    }
}

/// One line of a return bundle's notices: what central has to tell a terminal, in words.
public struct NoticeLine: Sendable, Equatable {
    /// Whether what it tells of still waits for somebody.
    public enum State: String, Sendable {
        /// It waits for a person at head office.
        case open
        /// It is settled, by a rule or a person.
        case decided
    }

    /// The notice's number at central.
    public var number: Int64
    /// What it is about: `conflict`, `duplicate`, `validation` …
    public var kind: String
    /// When it was made, in milliseconds since 1970.
    public var at: Int64
    /// The record.
    public var entity: String
    /// The record's id.
    public var id: String
    /// The terminal's own operation that it answers.
    public var seq: Int64?
    /// One or two plain sentences.
    public var text: String
    /// Whether that still waits; nil where central does not say.
    public var state: State?

    /// A notice.
    public init(
        number: Int64, kind: String, at: Int64, entity: String, id: String, seq: Int64?, text: String,
        state: State? = nil
    ) {
        self.number = number
        self.kind = kind
        self.at = at
        self.entity = entity
        self.id = id
        self.seq = seq
        self.text = text
        self.state = state
    }

    /// The line, without newline.
    public var json: JSONValue {
        let members: [JSONValue.Member] = [
            .init("notice", .integer(number)), .init("kind", .string(kind)),
            .init("at", .string(Timestamp.text(milliseconds: at))), .init("entity", .string(entity)),
            .init("id", .string(id)), .init("seq", .optional(seq)), .init("text", .string(text)),
        ]
        return .object(members + (state.map { [.init("state", .string($0.rawValue))] } ?? []))
    }

    /// From a line; nil if it is none.
    public init?(_ json: JSONValue) {
        guard let number = json["notice"]?.integer, let kind = json["kind"]?.text,
            let at = json["at"]?.text.flatMap(Timestamp.milliseconds), let entity = json["entity"]?.text,
            let id = json["id"]?.text, let text = json["text"]?.text
        else { return nil }
        self.init(
            number: number, kind: kind, at: at, entity: entity, id: id, seq: json["seq"]?.integer, text: text,
            state: json["state"]?.text.flatMap(State.init))
    }
}
