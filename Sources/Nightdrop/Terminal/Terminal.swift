import NightdropFormats
import NightdropModel

/// A till: records operations, shows records, closes days, writes bundles for central and takes in its answers.
///
/// Values of this class may be used from any thread, and several processes may open the same directory. Calls block
/// until the disk has answered; only `record`, `get` and `records` are meant for the moment of a sale.
public final class Terminal: Sendable {
    /// The settings as they stood when the terminal was opened, or when the grant was taken in.
    public var settings: NodeSettings { opened }
    private let opened: NodeSettings

    /// Makes a terminal: directories, keys, its first journal, and a request for enrollment.
    ///
    /// - Parameters:
    ///   - directory: The node's directory; it must not hold a node already.
    ///   - centralFingerprint: The fingerprint that the grant must bear; nil to trust the first grant.
    ///   - request: Where to write the request; nil for `outbox/<id>.nightdrop-request`.
    /// - Returns: the terminal and the path of its request.
    public static func create(
        at directory: String, id: NodeID, store: NodeID, centralFingerprint: String? = nil, request: String? = nil
    ) throws -> (terminal: Terminal, request: String) { throw NightdropError(.usage, "") }

    /// Opens a terminal: the journal recovers what an interruption has left, and the store catches up with it.
    public init(at directory: String) throws { throw NightdropError(.usage, "") }

    /// Records operations, several as one transaction; durable on return.
    ///
    /// - Throws: `NightdropError` of kind `refused` for master data that breaks a rule; then nothing is written.
    public func record(_ drafts: [OperationDraft]) throws -> Recorded { throw NightdropError(.usage, "") }

    /// Records one operation; durable on return.
    public func record(_ draft: OperationDraft) throws -> Recorded { try record([draft]) }

    /// A living record, with everything recorded here so far; nil if there is none.
    public func get(_ entity: String, _ id: String) throws -> Record? { throw NightdropError(.usage, "") }

    /// Hands on the living records of an entity by id, with everything recorded here before the call.
    public func records(_ entity: String, _ body: (Record) throws -> Void) throws {}

    /// Closes the business day (today, if nil): seals, and writes a bundle, in any case.
    ///
    /// - Parameter exchange: The directory to write to, as `DIR/to/<central>/`; nil for the outbox.
    public func close(day: String? = nil, to exchange: String? = nil) throws -> Exported { Exported() }

    /// Writes a bundle of everything that no receipt covers; none if central has and knows everything.
    public func export(to exchange: String? = nil, maxSize: Int64? = nil) throws -> Exported { Exported() }

    /// Takes in bundles: files, or directories with their `to/<me>/`. Never removes any of them.
    public func take(_ paths: [String]) throws -> [BundleOutcome] { [] }

    /// What is pending, failed and in conflict.
    public func status() throws -> NodeStatus { NodeStatus(node: settings.id) }

    /// What central has told this terminal, oldest first.
    public func notices() throws -> [NoticeLine] { [] }

    /// Returns once the store holds everything recorded before the call.
    public func flush() throws {}

    /// What happens from now on. Every reader gets its own stream; a slow reader misses the oldest events.
    public var events: AsyncStream<TerminalEvent> { AsyncStream { $0.finish() } }
}
