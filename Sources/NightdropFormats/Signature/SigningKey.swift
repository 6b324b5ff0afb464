import Crypto

/// An Ed25519 private key, and its OpenSSH file without a passphrase (OpenSSH, PROTOCOL.key).
public struct SigningKey: Sendable, CustomStringConvertible {
    /// The public half.
    public let publicKey: PublicKey
    /// The comment in the file; by convention the id of the node.
    public let comment: String

    private let key: Curve25519.Signing.PrivateKey

    /// A new random key.
    public static func generate(comment: String = "") -> SigningKey {
        SigningKey(key: Curve25519.Signing.PrivateKey(), comment: comment)
    }

    /// The key of 32 secret bytes (the seed of RFC 8032).
    public init(seed: [UInt8], comment: String = "") throws(SignatureError) {
        do {
            self.init(key: try Curve25519.Signing.PrivateKey(rawRepresentation: seed), comment: comment)
        } catch {
            throw SignatureError(.malformed, "an Ed25519 private key has 32 bytes, this one \(seed.count)")
        }
    }

    /// The key in an OpenSSH private key file.
    public init(file: [UInt8]) throws(SignatureError) {
        var reader = SSHReader(try SSHArmor.privateKey.decode(file), of: "the private key")
        guard try reader.bytes(SigningKey.magic.count, "first bytes") == SigningKey.magic else {
            throw SignatureError(.malformed, "the private key is not of format openssh-key-v1")
        }
        let cipher = try reader.text("cipher")
        let derivation = try reader.text("key derivation")
        let options = try reader.string("options of the key derivation")
        guard cipher == "none", derivation == "none", options.isEmpty else {
            throw SignatureError(
                .encryptedKey, "the private key has a passphrase; ssh-keygen -p -N '' -f FILE removes it")
        }
        guard try reader.uint32("number of keys") == 1 else {
            throw SignatureError(.malformed, "the private key file holds more or less than one key")
        }
        let publicKey = try PublicKey(blob: reader.string("public key"))
        let section = try reader.string("secret section")
        try reader.end()
        try self.init(section: section, publicKey: publicKey)
    }

    /// The OpenSSH private key file, as text. Two of them differ in a random check number.
    public func file() -> String {
        var section = SSHWriter()
        let check = UInt32.random(in: .min ... .max)
        section.uint32(check)
        section.uint32(check)
        section.raw(publicKey.blob)
        section.string(Array(key.rawRepresentation) + publicKey.bytes)
        section.string(comment.utf8)
        var padding: UInt8 = 1
        while !section.bytes.count.isMultiple(of: SigningKey.blockBytes) {
            section.raw([padding])
            padding += 1
        }
        var writer = SSHWriter()
        writer.raw(SigningKey.magic)
        writer.string("none".utf8)
        writer.string("none".utf8)
        writer.string([])
        writer.uint32(1)
        writer.string(publicKey.blob)
        writer.string(section.bytes)
        return SSHArmor.privateKey.encode(writer.bytes)
    }

    /// The fingerprint of the public half; never the secret.
    public var description: String { publicKey.fingerprint }

    /// The 64 bytes of the Ed25519 signature of `message`.
    func signature(of message: [UInt8]) throws(SignatureError) -> [UInt8] {
        do {
            return Array(try key.signature(for: message))
        } catch {
            throw SignatureError(.cannotSign, "the system could not make a signature: \(error)")
        }
    }

    private static let magic = Array("openssh-key-v1\0".utf8)
    private static let blockBytes = 8

    private init(section: [UInt8], publicKey: PublicKey) throws(SignatureError) {
        var reader = SSHReader(section, of: "the private key")
        guard try reader.uint32("check number") == reader.uint32("check number") else {
            throw SignatureError(.malformed, "the private key is damaged: its check numbers differ")
        }
        guard try reader.text("type") == PublicKey.type else {
            throw SignatureError(.malformed, "the private key is damaged: it names two types")
        }
        let repeated = try reader.string("public key")
        let secret = try reader.string("secret")
        let comment = String(decoding: try reader.string("comment"), as: UTF8.self)
        var padding: UInt8 = 1
        while !reader.isAtEnd {
            guard padding < SigningKey.blockBytes, try reader.bytes(1, "padding") == [padding] else {
                throw SignatureError(.malformed, "the private key is damaged: its padding is wrong")
            }
            padding += 1
        }
        guard section.count.isMultiple(of: SigningKey.blockBytes) else {
            throw SignatureError(.malformed, "the private key is damaged: its padding is missing")
        }
        try self.init(seed: Array(secret.prefix(32)), comment: comment)
        guard repeated == publicKey.bytes, self.publicKey == publicKey, secret.dropFirst(32) == publicKey.bytes[...]
        else {
            throw SignatureError(.malformed, "the private key is damaged: its public half belongs to another key")
        }
    }

    private init(key: Curve25519.Signing.PrivateKey, comment: String) {
        self.key = key
        self.comment = comment
        publicKey = PublicKey(key.publicKey)
    }
}

extension PublicKey {
    fileprivate init(_ key: Curve25519.Signing.PublicKey) { bytes = Array(key.rawRepresentation) }
}
