/// An error of the library: what happened, and what to do about it.
public struct NightdropError: Error, Sendable, CustomStringConvertible {
    /// The kinds that a caller handles differently; each is an exit status of the command (sysexits.h).
    public enum Kind: Int32, Sendable {
        /// Wrong use: 64.
        case usage = 64
        /// Refused for what it is: 65.
        case refused = 65
        /// No such path: 66.
        case notFound = 66
        /// Cannot create: 73.
        case cannotCreate = 73
        /// Input or output failed: 74.
        case inputOutput = 74
        /// Try again later: 75.
        case tryAgain = 75
        /// Refused for who it is from: 77.
        case notPermitted = 77
        /// Bad settings or policy: 78.
        case badSettings = 78
    }

    /// The kind.
    public let kind: Kind
    /// What happened, to what, and what to do.
    public let message: String

    /// An error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
