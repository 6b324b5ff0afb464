/// Why a tar archive was not read or not written. Failures of the file itself are `FileError`s.
public struct ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds that a caller handles differently.
    public enum Kind: Sendable, Equatable {
        /// It does not begin as a tar archive does.
        case notTar
        /// It ends too early; perhaps it is still being copied.
        case truncated
        /// A header makes no sense.
        case damaged
        /// Something follows the end of the archive.
        case trailingData
        /// It has more entries than a bundle may have.
        case tooManyEntries
        /// An entry is not a plain file with an acceptable name and size, or is there twice.
        case badEntry
    }

    /// What kind of failure it is.
    public let kind: Kind
    /// The archive.
    public let path: String
    /// The entry concerned, if it is one.
    public let entry: String?
    /// What is wrong, in words.
    public let reason: String

    /// An error.
    public init(kind: Kind, path: String, entry: String? = nil, reason: String) {
        self.kind = kind
        self.path = path
        self.entry = entry
        self.reason = reason
    }

    /// One sentence.
    public var description: String {
        entry.map { "\(path): entry \($0): \(reason)" } ?? "\(path): \(reason)"
    }
}
