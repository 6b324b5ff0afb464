import NightdropFiles
import NightdropFormats

/// A journal that cannot be written or read: what kind of failure, which file, and what to know or do about it.
public struct JournalError: Error, Sendable, CustomStringConvertible {
    /// The kinds that a caller handles differently.
    public enum Kind: Sendable, Equatable {
        /// The operation or transaction breaks a limit or is not valid; nothing of its commit is recorded.
        case refused
        /// A file is not what its format says. Nothing of it is dropped or overwritten.
        case damaged
        /// A segment or an operation is not there.
        case missing
        /// The directory holds another journal, or that of another node.
        case mismatch
        /// The medium is full.
        case noSpace
        /// The files may not be written, or not be read.
        case notPermitted
        /// Anything else that the system reports.
        case inputOutput
    }

    /// What kind of failure it is.
    public let kind: Kind
    /// The file or directory.
    public let path: String
    /// What happened, in words.
    public let message: String

    /// An error.
    public init(_ kind: Kind, _ path: String, _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    /// One sentence.
    public var description: String { "\(path): \(message)" }

    init(_ error: FileError) {
        let kind: Kind =
            switch error.kind {
            case .notFound: .missing
            case .noSpace: .noSpace
            case .notPermitted: .notPermitted
            case .exists, .locked, .inputOutput: .inputOutput
            }
        self.init(kind, error.path, "cannot \(error.operation): \(error.reason)")
    }

    /// Any error that came up while a file was worked on.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as JournalError: self = error
        case let error as FileError: self.init(error)
        case let error as GzipError: self.init(.inputOutput, path, error.reason)
        default: self.init(.inputOutput, path, "\(error)")
        }
    }

    static func attempt<Result>(
        _ path: String, _ body: () throws -> Result
    ) throws(JournalError) -> Result {
        do { return try body() } catch { throw JournalError(error, path: path) }
    }
}
