import Crypto

/// A detached signature in the format SSHSIG (OpenSSH, PROTOCOL.sshsig), which `ssh-keygen -Y` makes and verifies.
public struct SSHSignature: Hashable, Sendable {
    /// What a signature of Nightdrop may be for; a signature for one is none for the other.
    public enum Namespace {
        /// Of the manifest of a bundle.
        public static let bundle = "nightdrop-bundle"
        /// Of an enrollment request.
        public static let enroll = "nightdrop-enroll"
    }

    /// The hash of the message that is signed.
    public enum Hash: String, Sendable, CaseIterable {
        /// SHA-256, read but not written.
        case sha256
        /// SHA-512.
        case sha512
    }

    /// The key that claims to have signed.
    public let publicKey: PublicKey
    /// What the signature is for.
    public let namespace: String
    /// The hash of the message that is signed.
    public let hash: Hash
    /// The 64 bytes of the Ed25519 signature.
    public let bytes: [UInt8]

    /// Signs `message` for `namespace`.
    public static func sign(
        _ message: [UInt8], namespace: String, key: SigningKey
    ) throws(SignatureError) -> SSHSignature {
        guard !namespace.isEmpty else { throw SignatureError(.wrongNamespace, "a signature needs a namespace") }
        let signed = signedBytes(message: message, namespace: namespace, hash: .sha512)
        return SSHSignature(
            publicKey: key.publicKey, namespace: namespace, hash: .sha512, bytes: try key.signature(of: signed))
    }

    /// A signature from its text between BEGIN and END lines. Nothing is verified yet.
    public init(armored text: [UInt8]) throws(SignatureError) {
        let bytes = try SSHArmor.signature.decode(text)
        var reader = SSHReader(bytes, of: "the signature")
        guard try reader.bytes(SSHSignature.magic.count, "first bytes") == SSHSignature.magic else {
            throw SignatureError(.malformed, "the signature does not begin with SSHSIG")
        }
        let version = try reader.uint32("version")
        guard version == SSHSignature.version else {
            throw SignatureError(
                .unsupportedVersion, "the signature is of version \(version); only \(SSHSignature.version) is known")
        }
        publicKey = try PublicKey(blob: reader.string("public key"))
        namespace = try reader.text("namespace")
        // A reader ignores the reserved field; it signs for nothing (PROTOCOL.sshsig, section 3).
        _ = try reader.string("reserved field")
        let hashName = try reader.text("hash name")
        guard let hash = Hash(rawValue: hashName) else {
            throw SignatureError(.unsupportedHash, "the signature uses a hash other than sha256 and sha512")
        }
        self.hash = hash
        self.bytes = try SSHSignature.ed25519(reader.string("signature"))
        try reader.end()
        guard !namespace.isEmpty else { throw SignatureError(.malformed, "the signature has an empty namespace") }
    }

    /// The text between BEGIN and END lines, as `ssh-keygen -Y sign` writes it.
    public var armored: String {
        var signature = SSHWriter()
        signature.string(PublicKey.type.utf8)
        signature.string(bytes)
        var writer = SSHWriter()
        writer.raw(SSHSignature.magic)
        writer.uint32(SSHSignature.version)
        writer.string(publicKey.blob)
        writer.string(namespace.utf8)
        writer.string([])
        writer.string(hash.rawValue.utf8)
        writer.string(signature.bytes)
        return SSHArmor.signature.encode(writer.bytes)
    }

    /// Verifies that `publicKey` signed `message` for `namespace`. Says nothing about whose key it is.
    public func verify(_ message: [UInt8], namespace: String) throws(SignatureError) {
        guard self.namespace.utf8.elementsEqual(namespace.utf8) else {
            throw SignatureError(
                .wrongNamespace, "the signature is for \(SSHSignature.quoted(self.namespace)), not for \(namespace)")
        }
        let signed = SSHSignature.signedBytes(message: message, namespace: namespace, hash: hash)
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey.bytes),
            key.isValidSignature(bytes, for: signed)
        else {
            throw SignatureError(
                .badSignature, "the signature by \(publicKey.fingerprint) does not fit: the content was changed")
        }
    }

    private init(publicKey: PublicKey, namespace: String, hash: Hash, bytes: [UInt8]) {
        self.publicKey = publicKey
        self.namespace = namespace
        self.hash = hash
        self.bytes = bytes
    }

    private static let magic = Array("SSHSIG".utf8)
    private static let version: UInt32 = 1

    private static func ed25519(_ blob: [UInt8]) throws(SignatureError) -> [UInt8] {
        var reader = SSHReader(blob, of: "the signature")
        guard try reader.text("type") == PublicKey.type else {
            throw SignatureError(.malformed, "the signature is of another type than its key")
        }
        let bytes = try reader.string("signature")
        try reader.end()
        guard bytes.count == 64 else {
            throw SignatureError(.malformed, "an Ed25519 signature has 64 bytes, this one \(bytes.count)")
        }
        return bytes
    }

    private static func signedBytes(message: [UInt8], namespace: String, hash: Hash) -> [UInt8] {
        var writer = SSHWriter()
        writer.raw(magic)
        writer.string(namespace.utf8)
        writer.string([])
        writer.string(hash.rawValue.utf8)
        switch hash {
        case .sha256: writer.string(digest(message, by: SHA256()))
        case .sha512: writer.string(digest(message, by: SHA512()))
        }
        return writer.bytes
    }

    private static func digest<Function: HashFunction>(_ message: [UInt8], by function: Function) -> [UInt8] {
        var function = function
        message.withUnsafeBytes { function.update(bufferPointer: $0) }
        return Array(function.finalize())
    }

    // What strangers wrote is shown only if it is short and printable.
    private static func quoted(_ text: String) -> String {
        text.utf8.count <= 64 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? text : "another namespace"
    }
}

extension SSHSignature {
    /// Verifies that an armored signature is one of `message` for `namespace` by exactly `key`.
    public static func verify(
        armored: [UInt8], message: [UInt8], namespace: String, key: PublicKey
    ) throws(SignatureError) {
        let signature = try SSHSignature(armored: armored)
        guard signature.publicKey == key else {
            throw SignatureError(
                .unknownKey, "the signature is by \(signature.publicKey.fingerprint), not by \(key.fingerprint)")
        }
        try signature.verify(message, namespace: namespace)
    }

    /// Verifies an armored signature of `message` for `namespace` by a key that is allowed for it at a time, in
    /// milliseconds since 1970. Returns the principals that the key may sign as.
    public static func verify(
        armored: [UInt8], message: [UInt8], namespace: String, allowed: AllowedSigners, at milliseconds: Int64
    ) throws(SignatureError) -> [String] {
        let signature = try SSHSignature(armored: armored)
        try signature.verify(message, namespace: namespace)
        return try allowed.principals(of: signature.publicKey, namespace: namespace, at: milliseconds)
    }
}
