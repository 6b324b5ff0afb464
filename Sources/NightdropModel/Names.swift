/// The id of a node (a terminal or head office) or of a store: 1 to 16 of `A-Z a-z 0-9 _ -`, unique ignoring case.
///
/// Node ids become folder and file names on any carrier and principals in `allowed_signers`, hence the small alphabet.
public struct NodeID: Hashable, Sendable, CustomStringConvertible {
    /// The id as it was given.
    public let text: String

    /// Nil if `text` is not a valid id.
    public init?(_ text: String) {
        guard (1...16).contains(text.utf8.count), text.utf8.allSatisfy(NodeID.isAllowed) else { return nil }
        self.text = text
    }

    /// The id itself.
    public var description: String { text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// The UUID of a journal or of an epoch, in lower case: `1f3c9a20-6d0b-4a53-9c55-0b3f5e8d7a11`.
public struct UniqueID: Hashable, Sendable, CustomStringConvertible {
    /// 36 characters, lower case.
    public let text: String

    /// Nil if `text` is not a UUID in its 36 character form.
    public init?(_ text: String) {
        let lower = text.lowercased()
        guard lower.utf8.count == 36 else { return nil }
        for (index, byte) in lower.utf8.enumerated() {
            switch (index, byte) {
            case (8, UInt8(ascii: "-")), (13, UInt8(ascii: "-")), (18, UInt8(ascii: "-")), (23, UInt8(ascii: "-")):
                continue
            case (8, _), (13, _), (18, _), (23, _): return nil
            case (_, UInt8(ascii: "0")...UInt8(ascii: "9")), (_, UInt8(ascii: "a")...UInt8(ascii: "f")): continue
            default: return nil
            }
        }
        self.text = lower
    }

    /// A random UUID, version 4 (RFC 9562).
    public static func random() -> UniqueID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// A UUID, version 4, from the given generator.
    public static func random(using generator: inout some RandomNumberGenerator) -> UniqueID {
        let high: UInt64 = generator.next() & ~0xF000 | 0x4000
        let low: UInt64 = generator.next() & ~(0b11 << 62) | (0b10 << 62)
        let digits = UniqueID.hexadecimal(high) + UniqueID.hexadecimal(low)
        let cuts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return UniqueID(validated: cuts.map { String(digits[$0]) }.joined(separator: "-"))
    }

    /// The first 8 hexadecimal digits: the folder of a journal, and its place in a bundle's name.
    public var short: String { String(text.prefix(8)) }

    /// The UUID itself.
    public var description: String { text }

    private init(validated: String) { text = validated }

    private static func hexadecimal(_ value: UInt64) -> [Character] {
        let digits = String(value, radix: 16)
        return Array(String(repeating: "0", count: 16 - digits.count) + digits)
    }
}

extension [Character] {
    fileprivate subscript(range: Range<Int>) -> String { String(self[range] as ArraySlice<Character>) }
}

/// What an entity may be called: `[A-Za-z][A-Za-z0-9_]{0,62}`.
public enum EntityName {
    /// Whether `name` may name an entity. Inlined, because it is asked for each operation.
    @inlinable
    public static func isValid(_ name: some Collection<UInt8>) -> Bool {
        guard let first = name.first, name.count <= 63, isLetter(first) else { return false }
        return name.dropFirst().allSatisfy { isLetter($0) || $0 == UInt8(ascii: "_") || isDigit($0) }
    }

    @inlinable
    static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    @inlinable
    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
