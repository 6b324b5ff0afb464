import Crypto

/// A SHA-256, as it stands in every file of ours: `sha256:` and 64 lower-case hexadecimal digits.
public struct ContentHash: Hashable, Sendable, CustomStringConvertible {
    /// The text with its prefix.
    public let text: String

    /// Nil if the text is no such hash.
    public init?(_ text: String) {
        guard text.hasPrefix("sha256:"), text.utf8.count == 71,
            text.utf8.dropFirst(7).allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { return nil }
        self.text = text
    }

    /// The hash of nothing before: 64 zeros. The `previous` of a first segment.
    public static let none = ContentHash(digits: String(repeating: "0", count: 64))

    /// The hash of bytes.
    public static func of(_ bytes: UnsafeRawBufferPointer) -> ContentHash {
        var hasher = ContentHasher()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// The hash of bytes.
    public static func of(_ bytes: [UInt8]) -> ContentHash { bytes.withUnsafeBytes { of($0) } }

    /// The 64 digits without the prefix.
    public var digits: String { String(text.dropFirst(7)) }
    /// The text with its prefix.
    public var description: String { text }

    fileprivate init(digits: String) { text = "sha256:" + digits }
}

/// Makes a `ContentHash` of bytes that come piece by piece.
public struct ContentHasher: Sendable {
    private var state = SHA256()

    /// A hasher that has seen nothing.
    public init() {}

    /// Takes in more bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bufferPointer: bytes) }

    /// Takes in the bytes of a text.
    public mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    /// The hash of all bytes so far; more may follow.
    public func finish() -> ContentHash {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in state.finalize() {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return ContentHash(digits: String(decoding: text, as: UTF8.self))
    }
}
