/// JSON that is not well formed or breaks a limit: what is wrong and at which byte.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The byte, counted from 0.
    public let offset: Int
    /// What is wrong.
    public let reason: String

    /// An error.
    public init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// One clause.
    public var description: String { "\(reason) at byte \(offset)" }
}
