import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

/// The node that a command works on.
enum Node {
    case central(Central)
    case terminal(Terminal)

    /// Opens the node of the options, whichever it is.
    static func open(_ options: NodeOptions) throws -> Node {
        switch try settings(options).role {
        case .central: .central(try Central(at: options.path))
        case .terminal: .terminal(try terminal(options))
        }
    }

    /// Opens head office. `instead` says what to do at a till.
    static func central(_ options: NodeOptions, instead: String) throws -> Central {
        guard try settings(options).role == .central else {
            throw NightdropError(.usage, "\(options.path) is a till, and this is for head office; \(instead)")
        }
        return try Central(at: options.path)
    }

    /// Opens a till. `instead` says what to do at head office.
    static func terminal(_ options: NodeOptions, instead: String) throws -> Terminal {
        guard try settings(options).role == .terminal else {
            throw NightdropError(.usage, "\(options.path) is head office, and this is for a till; \(instead)")
        }
        return try terminal(options)
    }

    /// Opens a till, and says what there is to say of it.
    static func terminal(_ options: NodeOptions) throws -> Terminal {
        let terminal = try Terminal(at: options.path)
        tell(terminal.remark)
        return terminal
    }

    /// Says something of a node on standard error.
    static func tell(_ remark: String?) {
        if let remark { Console.error("nightdrop: \(remark.visible)") }
    }

    /// The settings of the node.
    static func settings(_ options: NodeOptions) throws -> NodeSettings {
        guard let settings = try settingsIfAny(options) else {
            throw NightdropError(
                .notFound,
                "\(options.path) is no node; name one with -C or NIGHTDROP_NODE, or make one with nightdrop init")
        }
        return settings
    }

    /// The settings of the node; nil where there is none.
    static func settingsIfAny(_ options: NodeOptions) throws -> NodeSettings? {
        let file = NodeDirectory(options.path).settings
        guard try DiskFileSystem().status(options.path)?.isDirectory == true else { return nil }
        guard let bytes = try DiskFileSystem().contents(file) else { return nil }
        return try NodeSettings(yaml: String(decoding: bytes, as: UTF8.self), file: file)
    }

    /// The policy of the node; the defaults for everything where it has none yet.
    var policy: Policy {
        switch self {
        case .central(let central): central.policy
        case .terminal(let terminal): terminal.policy
        }
    }

    /// Records operations, several as one transaction.
    func record(_ drafts: [OperationDraft]) throws -> Recorded {
        switch self {
        case .central(let central): try central.record(drafts)
        case .terminal(let terminal): try terminal.record(drafts)
        }
    }

    /// Records several commits, up to the first that is refused.
    func record(commits: [[OperationDraft]]) throws -> RecordedCommits {
        switch self {
        case .central(let central): try central.record(commits: commits)
        case .terminal(let terminal): try terminal.record(commits: commits)
        }
    }

    /// A living record. A till knows its own store.
    func get(_ entity: String, _ id: String, store: String?) throws -> Record? {
        switch self {
        case .central(let central): return try central.get(entity, id, store: store)
        case .terminal(let terminal): return try terminal.get(entity, id)
        }
    }

    /// Hands on the living records of an entity by id.
    func records(_ entity: String, _ body: (Record) throws -> Void) throws {
        switch self {
        case .central(let central): try central.records(entity, body)
        case .terminal(let terminal): try terminal.records(entity, body)
        }
    }
}

/// Paths that a command was given.
enum GivenPaths {
    /// All of them exist.
    static func check(_ paths: [String]) throws {
        for path in paths where try DiskFileSystem().status(path) == nil {
            throw NightdropError(.notFound, "\(path) does not exist")
        }
    }
}
