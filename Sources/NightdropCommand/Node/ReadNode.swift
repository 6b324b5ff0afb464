import Nightdrop
import NightdropFormats
import NightdropModel

/// What records are read from.
protocol RecordSource {
    /// A living record. A till knows its own store.
    func get(_ entity: String, _ id: String, store: String?) throws -> Record?
    /// Hands on the living records of an entity by id.
    func records(_ entity: String, _ body: (Record) throws -> Void) throws
}

extension Node: RecordSource {}

extension TerminalLook: RecordSource {
    func get(_ entity: String, _ id: String, store: String?) throws -> Record? { try get(entity, id) }
}

/// The node of a command that only reads: also a copy that may not be written, or a node whose key others keep.
extension Node {
    /// Opens the node of the options, whichever it is.
    static func openToRead(_ options: NodeOptions) throws -> any RecordSource {
        switch try settings(options).role {
        case .central: Node.central(try readCentral(options))
        case .terminal: try read(options, { Node.terminal($0) }, look: lookForRecords)
        }
    }

    private static func lookForRecords(_ look: TerminalLook) -> TerminalLook {
        if look.unseenOperations > 0 {
            tell(
                "operations that stand in its journal only, and are not shown: \(look.unseenOperations); nightdrop cat has them"
            )
        }
        return look
    }

    /// Opens head office. `instead` says what to do at a till.
    static func centralToRead(_ options: NodeOptions, instead: String) throws -> Central {
        guard try settings(options).role == .central else {
            throw NightdropError(.usage, "\(options.path) is a till, and this is for head office; \(instead)")
        }
        return try readCentral(options)
    }

    /// What head office has told a till. `instead` says what to do at head office.
    static func notices(_ options: NodeOptions, instead: String) throws -> [NoticeLine] {
        guard try settings(options).role == .terminal else {
            throw NightdropError(.usage, "\(options.path) is head office, and this is for a till; \(instead)")
        }
        return try read(options, { try $0.notices() }, look: { try $0.notices() })
    }

    /// What is pending, failed and in conflict at the node of the options.
    static func status(_ options: NodeOptions) throws -> NodeStatus {
        if try settings(options).role == .central { return try readCentral(options).status() }
        guard mayWrite(options) else { return try TerminalLook(at: options.path).status() }
        let status = try Terminal.status(at: options.path)
        tell(status.remark)
        return status
    }

    private static func readCentral(_ options: NodeOptions) throws -> Central {
        mayWrite(options) ? try Central(at: options.path) : try Central(lookingAt: options.path)
    }

    private static func read<Answer>(
        _ options: NodeOptions, _ whole: (Terminal) throws -> Answer, look: (TerminalLook) throws -> Answer
    ) throws -> Answer {
        mayWrite(options) ? try whole(terminal(options)) : try look(TerminalLook(at: options.path))
    }

    private static func mayWrite(_ options: NodeOptions) -> Bool {
        if NodeDirectory(options.path).isWritable { return true }
        tell("\(options.path) is only looked at: it may not be written here, or its key not be read")
        return false
    }
}
