/// A failed file operation: what was tried, on which file, and why it failed.
public struct FileError: Error, Sendable, CustomStringConvertible {
    /// The kinds that a caller handles differently.
    public enum Kind: Sendable, Equatable {
        /// Nothing is there.
        case notFound
        /// Something is there already.
        case exists
        /// The medium is full, or the file is larger than it can hold.
        case noSpace
        /// The medium or the file may not be written, or not be read.
        case notPermitted
        /// Somebody else holds the lock.
        case locked
        /// Anything else that the system reports.
        case inputOutput
    }

    /// What kind of failure it is.
    public let kind: Kind
    /// What was tried: `open`, `write`, `rename` …
    public let operation: String
    /// On which file.
    public let path: String
    /// The system's error number, 0 where there is none.
    public let code: Int32
    /// Why it failed, in words.
    public let reason: String

    /// An error.
    public init(kind: Kind, operation: String, path: String, code: Int32 = 0, reason: String) {
        self.kind = kind
        self.operation = operation
        self.path = path
        self.code = code
        self.reason = reason
    }

    /// One sentence.
    public var description: String { "cannot \(operation) \(path): \(reason)" }
}
