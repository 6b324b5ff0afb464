/// Why a key, a signature or a list of allowed signers was refused.
public struct SignatureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The causes that a caller handles differently; the raw values are those of the test vectors.
    public enum Kind: String, Sendable, CaseIterable {
        /// Not the format: damaged, cut short, or with something behind its end.
        case malformed
        /// A version of the signature format that this reader does not know.
        case unsupportedVersion = "unsupported-version"
        /// A key of another type than Ed25519.
        case unsupportedKey = "unsupported-key"
        /// A hash other than SHA-256 and SHA-512.
        case unsupportedHash = "unsupported-hash"
        /// A private key that is protected by a passphrase.
        case encryptedKey = "encrypted-key"
        /// A good format, but made for another purpose than the one asked for.
        case wrongNamespace = "wrong-namespace"
        /// The message is not the one that was signed, or the key is not the one that signed it.
        case badSignature = "bad-signature"
        /// The key is on no line of the allowed signers.
        case unknownKey = "unknown-key"
        /// The key is listed, but not for this namespace.
        case namespaceNotAllowed = "namespace-not-allowed"
        /// The key is listed, but its `valid-after` lies ahead.
        case notYetValid = "not-yet-valid"
        /// The key is listed, but its `valid-before` has passed.
        case expired
        /// A line of the allowed signers that cannot be taken as it stands.
        case invalidAllowedSigners = "invalid-allowed-signers"
        /// The system could not make a signature.
        case cannotSign = "cannot-sign"
    }

    /// Which cause it is.
    public let kind: Kind
    /// What is wrong, in words, and what to do where something can be done.
    public let reason: String
    /// The line of the allowed signers, from 1.
    public let line: Int?

    /// An error.
    public init(_ kind: Kind, _ reason: String, line: Int? = nil) {
        self.kind = kind
        self.reason = reason
        self.line = line
    }

    /// One sentence.
    public var description: String {
        line.map { "allowed signers, line \($0): \(reason)" } ?? reason
    }
}
