import NightdropModel

/// What is wrong with an enrollment request.
public struct EnrollmentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in words.
    public let reason: String

    /// An error.
    public init(_ reason: String) { self.reason = reason }

    /// What is wrong.
    public var description: String { reason }
}

/// A terminal's wish to belong to an organisation: its id, store, first journal and public key, signed with that key.
///
/// The file is one JSON object and a newline. `signature` is an armored SSHSIG, namespace `nightdrop-enroll`, over the
/// compact object without the member `signature`; it proves that whoever asks holds the key.
public struct EnrollmentRequest: Sendable, Equatable {
    /// The format that a request names.
    public static let format = "request/1"
    /// How names of request files end: `T07.nightdrop-request`.
    public static let fileSuffix = ".nightdrop-request"
    /// The largest request, in bytes.
    public static let maximumBytes = 64 << 10

    /// The terminal.
    public var node: NodeID
    /// Its store.
    public var store: NodeID
    /// Its first journal.
    public var journal: UniqueID
    /// Its public key.
    public var key: PublicKey
    /// The entities that it wishes to receive; nil for all.
    public var receive: [String]?
    /// When the request was made, in milliseconds since 1970.
    public var created: Int64
    /// Name and version of the program that made it.
    public var software: String

    /// A request.
    public init(
        node: NodeID, store: NodeID, journal: UniqueID, key: PublicKey, receive: [String]? = nil, created: Int64,
        software: String
    ) {
        self.node = node
        self.store = store
        self.journal = journal
        self.key = key
        self.receive = receive
        self.created = created
        self.software = software
    }

    /// The bytes of the file, signed with the terminal's key.
    public func signed(with signingKey: SigningKey) throws(SignatureError) -> [UInt8] {
        let message = JSONValue.object(members).bytes
        let signature = try SSHSignature.sign(message, namespace: SSHSignature.Namespace.enroll, key: signingKey)
        let whole = JSONValue.object(members + [JSONValue.Member("signature", .string(signature.armored))])
        return whole.bytes + [UInt8(ascii: "\n")]
    }

    /// Reads the bytes of a file and verifies that they are signed with the key that they name.
    public init(verifying file: [UInt8]) throws(EnrollmentError) {
        guard file.count <= EnrollmentRequest.maximumBytes else {
            throw EnrollmentError("the request is larger than 64 KiB")
        }
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue.parse(file) } catch {
            throw EnrollmentError("not an enrollment request: \(error)")
        }
        guard let format = json["nightdrop"]?.text else { throw EnrollmentError("not an enrollment request") }
        guard format == EnrollmentRequest.format else {
            throw EnrollmentError("format \(format), this program reads \(EnrollmentRequest.format)")
        }
        guard let node = json["node"]?.text.flatMap(NodeID.init), let store = json["store"]?.text.flatMap(NodeID.init),
            let journal = json["journal"]?.text.flatMap(UniqueID.init), let line = json["key"]?.text,
            let created = json["created"]?.text.flatMap(Timestamp.milliseconds),
            let software = json["software"]?.text, let signature = json["signature"]?.text,
            let members = json.members, let receive = json.nullable("receive", Coverage.entities)
        else { throw EnrollmentError("the request lacks a member, or one is wrong") }
        do throws(SignatureError) {
            let key = try PublicKey.parse(line: line).key
            try SSHSignature.verify(
                armored: Array(signature.utf8),
                message: JSONValue.object(members.filter { $0.name != "signature" }).bytes,
                namespace: SSHSignature.Namespace.enroll, key: key)
            self.init(
                node: node, store: store, journal: journal, key: key, receive: receive, created: created,
                software: software)
        } catch {
            throw EnrollmentError("the request's signature does not hold: \(error)")
        }
    }

    private var members: [JSONValue.Member] {
        [
            .init("nightdrop", .string(EnrollmentRequest.format)), .init("node", .string(node.text)),
            .init("store", .string(store.text)), .init("journal", .string(journal.text)),
            .init("key", .string(key.line())), .init("receive", Coverage.json(of: receive)),
            .init("created", .string(Timestamp.text(milliseconds: created))),
            .init("software", .string(software)),
        ]
    }
}
