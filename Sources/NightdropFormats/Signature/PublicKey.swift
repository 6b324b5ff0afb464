import Crypto

/// An Ed25519 public key in the forms of OpenSSH.
///
/// Sources: RFC 8032 (Ed25519), RFC 8709, section 4 (the bytes that SSH puts around it).
public struct PublicKey: Hashable, Sendable, CustomStringConvertible {
    /// The name of the key type, which is also that of its signatures.
    public static let type = "ssh-ed25519"

    /// The 32 bytes of the key.
    public let bytes: [UInt8]

    /// A key of 32 bytes.
    public init(bytes: [UInt8]) throws(SignatureError) {
        guard bytes.count == 32 else {
            throw SignatureError(.malformed, "an Ed25519 public key has 32 bytes, this one \(bytes.count)")
        }
        self.bytes = bytes
    }

    /// A key from its SSH bytes: the string `ssh-ed25519`, then the string of the 32 bytes.
    public init(blob: [UInt8]) throws(SignatureError) {
        var reader = SSHReader(blob, of: "the public key")
        let type = try reader.text("type")
        guard type == PublicKey.type else { throw PublicKey.unsupported(type: type) }
        try self.init(bytes: reader.string("key"))
        try reader.end()
    }

    /// The SSH bytes.
    public var blob: [UInt8] {
        var writer = SSHWriter()
        writer.string(PublicKey.type.utf8)
        writer.string(bytes)
        return writer.bytes
    }

    /// The key and comment of a line as in a `.pub` file: `ssh-ed25519 AAAA… comment`.
    public static func parse(line: String) throws(SignatureError) -> (key: PublicKey, comment: String) {
        var bytes = Array(line.utf8)
        for ending in [UInt8(ascii: "\n"), UInt8(ascii: "\r")] where bytes.last == ending { bytes.removeLast() }
        guard !bytes.contains(UInt8(ascii: "\n")) else {
            throw SignatureError(.malformed, "the public key has more than one line")
        }
        var words = WordReader(bytes[...])
        return try parse(type: words.next(), words: &words)
    }

    /// The key and comment of a line whose first word, the type, is already read.
    static func parse(type: String, words: inout WordReader) throws(SignatureError) -> (PublicKey, String) {
        guard type == PublicKey.type else { throw unsupported(type: type) }
        guard let blob = Base64.decode(Array(words.next().utf8)) else {
            throw SignatureError(.malformed, "the public key is not base 64")
        }
        return (try PublicKey(blob: blob), words.remainder())
    }

    /// The line of a `.pub` file, without a line break. Control characters of the comment become spaces.
    public func line(comment: String = "") -> String {
        let printable = String(String.UnicodeScalarView(comment.unicodeScalars.map { $0.value < 32 ? " " : $0 }))
        let line = "\(PublicKey.type) \(Base64.encode(blob))"
        return printable.isEmpty ? line : "\(line) \(printable)"
    }

    /// `SHA256:` and the unpadded base 64 of the hash of the SSH bytes, as `ssh-keygen -l` prints it.
    public var fingerprint: String {
        var hash = SHA256()
        blob.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return "SHA256:" + Base64.encode(Array(hash.finalize()), padded: false)
    }

    /// The fingerprint.
    public var description: String { fingerprint }

    private static func unsupported(type: String) -> SignatureError {
        let name = type.utf8.count <= 64 && type.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? type : "unknown"
        return SignatureError(
            .unsupportedKey,
            "the key is of type \(name); only \(PublicKey.type) is used: ssh-keygen -t ed25519 makes one")
    }
}
