import NightdropFormats
import NightdropModel

/// What the name of a bundle's file says: `T07-1f3c9a20-000000000832-000000001042-2of3.nightdrop.tar`, `.age` behind it if
/// it is encrypted. See `Manifest.fileName`.
public struct BundleName: Sendable, Equatable {
    /// Who wrote it.
    public let sender: NodeID
    /// The first 8 hexadecimal digits of the journal.
    public let journal: String
    /// The first number.
    public let first: Int64
    /// The last number.
    public let last: Int64
    /// Which part it is, from 1.
    public let part: Int64
    /// Of how many.
    public let parts: Int64

    /// Nil if no bundle is called so.
    public init?(_ fileName: String) {
        guard let suffix = BundleName.suffixes.first(where: fileName.hasSuffix) else { return nil }
        var words = fileName.dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false)
        var (part, parts): (Int64, Int64) = (1, 1)
        if words.last?.contains("of") == true {
            let numbers = words.removeLast().split(separator: "o", maxSplits: 1)
            guard numbers.count == 2, numbers[1].first == "f", let number = BundleName.number(numbers[0]),
                let count = BundleName.number(numbers[1].dropFirst())
            else { return nil }
            (part, parts) = (number, count)
        }
        guard words.count >= 4, let last = BundleName.number(words.removeLast()),
            let first = BundleName.number(words.removeLast())
        else { return nil }
        let journal = String(words.removeLast())
        guard journal.utf8.count == 8, journal.utf8.allSatisfy("0123456789abcdef".utf8.contains),
            let sender = NodeID(words.joined(separator: "-"))
        else { return nil }
        self.sender = sender
        self.journal = journal
        self.first = first
        self.last = last
        self.part = part
        self.parts = parts
    }

    /// Whether a file in a directory is to be looked at as a bundle: by its ending, and not the companion file that macOS
    /// leaves on foreign media.
    public static func isBundle(_ fileName: String) -> Bool {
        suffixes.contains(where: fileName.hasSuffix) && !fileName.hasPrefix("._")
    }

    private static let suffixes = [".nightdrop.tar", ".nightdrop.tar.age"]

    private static func number(_ digits: Substring) -> Int64? {
        digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(digits) : nil
    }
}
