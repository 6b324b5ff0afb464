import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite
import Synchronization

/// A till: records operations, shows records, closes days, writes bundles for central and takes in its answers.
///
/// Values of this class may be used from any thread, and several processes may open the same directory. Calls block
/// until the disk has answered; only `record`, `get` and `records` are meant for the moment of a sale. What they throw is a
/// `NightdropError`.
public final class Terminal: Sendable {
    let directory: NodeDirectory
    let fileSystem: any FileSystem
    let key: SigningKey
    let store: TerminalDatabase
    let journal: JournalWriter
    let identity: JournalIdentity
    private let heldRules: Mutex<TerminalRules>
    let present: PresentState
    let catchUp: CatchUp
    let broadcaster = EventBroadcaster<TerminalEvent>()
    let isStatusDue = Atomic(false)
    let looks = FileLooks()

    /// What opening has found and a person should know, though nothing fails for it; nil as a rule.
    public let remark: String?

    /// The settings at present; a grant completes them.
    public var settings: NodeSettings { rules.settings }

    /// The policy at present; without entities before enrollment.
    public var policy: Policy { rules.policy }

    /// The fingerprint of the signing key, `SHA256:…`.
    public var fingerprint: String { key.publicKey.fingerprint }

    /// What happens from now on. Every reader gets its own stream; a slow reader misses the oldest events.
    public var events: AsyncStream<TerminalEvent> { broadcaster.stream() }

    /// The settings and the policy at present.
    var rules: TerminalRules { heldRules.withLock { $0 } }

    /// Changes them.
    func changeRules(_ change: (inout TerminalRules) throws -> Void) rethrows {
        try heldRules.withLock { try change(&$0) }
    }

    /// Opens a terminal: the journal recovers what an interruption has left, and the store catches up with it.
    public convenience init(at directory: String) throws {
        try self.init(at: NodeDirectory(directory), fileSystem: DiskFileSystem())
    }

    package convenience init(at directory: NodeDirectory, fileSystem: any FileSystem) throws {
        self.init(try NightdropError.attempt { try TerminalParts(directory, fileSystem) }, directory, fileSystem)
        try NightdropError.attempt { try catchUp.run(rules) }
    }

    /// A terminal whose store may be behind the journal.
    init(_ parts: TerminalParts, _ directory: NodeDirectory, _ fileSystem: any FileSystem) {
        self.directory = directory
        self.fileSystem = fileSystem
        key = parts.key
        store = parts.store
        journal = parts.journal
        identity = parts.identity
        present = parts.present
        remark = parts.remark
        heldRules = Mutex(parts.rules)
        catchUp = CatchUp(parts)
    }
}

/// The settings and the policy that hold at a moment.
struct TerminalRules: Sendable {
    var settings: NodeSettings
    var policy: Policy
    /// The policy's text as the store has it; nil before enrollment.
    var policyText: String?
    var validator: PolicyValidator
    /// Up to which generation of the store they are known to hold.
    var generation: Int64 = -1

    init(settings: NodeSettings, policy: Policy, policyText: String?) {
        self.settings = settings
        self.policy = policy
        self.policyText = policyText
        validator = PolicyValidator(policy)
    }

    init(settings: NodeSettings, policyText: String?, file: String) throws {
        let policy =
            try policyText.map { text throws(PolicyError) in try PolicyFile.parse(text, file: file) }
            ?? Policy(version: 0, organisation: settings.organisation ?? "", entities: [])
        self.init(settings: settings, policy: policy, policyText: policyText)
    }

    /// The conditions that segments state.
    func conditions(_ cursor: Cursor?, _ coverage: Coverage?) -> JournalConditions {
        JournalConditions(
            epoch: cursor?.epoch, policyVersion: policy.version, controlFields: policy.controlFields,
            receives: coverage?.receives)
    }
}

/// What a terminal consists of, as it is opened.
struct TerminalParts {
    let key: SigningKey
    let store: TerminalDatabase
    let journal: JournalWriter
    let identity: JournalIdentity
    let present: PresentState
    let rules: TerminalRules
    let remark: String?

    init(_ directory: NodeDirectory, _ fileSystem: any FileSystem) throws {
        let settings = try TerminalParts.settings(directory, fileSystem)
        guard let keyFile = try fileSystem.contents(directory.signingKey) else {
            throw NightdropError(.badSettings, "\(directory.signingKey) is missing; without it nothing can be signed")
        }
        key = try SigningKey(file: keyFile)
        store = try TerminalDatabase(path: directory.store)
        // Read before the store, so that it is not newer: another process may be taking in a policy.
        let file = try fileSystem.contents(directory.policy)
        let state = try store.read { try $0.state() }
        remark = state.policy.flatMap { PolicyCopy.restore($0, over: file, directory, fileSystem) }
        rules = try TerminalRules(
            settings: settings, policyText: state.policy ?? file.map { String(decoding: $0, as: UTF8.self) },
            file: directory.policy)
        identity = try CurrentJournal.find(directory, settings, fileSystem)
        present = PresentState(store)
        journal = try JournalWriter(
            fileSystem: fileSystem, directory: directory.journal(identity.journal), identity: identity,
            conditions: rules.conditions(state.cursor, state.coverage), wallClock: { Clock.now() },
            discovered: { [present] _, _ in present.markStale() })
    }

    static func settings(_ directory: NodeDirectory, _ fileSystem: any FileSystem) throws -> NodeSettings {
        guard let yaml = try fileSystem.contents(directory.settings) else {
            throw NightdropError(.notFound, "\(directory.path) is no node: it has no nightdrop.yaml")
        }
        let settings = try NodeSettings(yaml: String(decoding: yaml, as: UTF8.self), file: directory.settings)
        guard settings.role == .terminal else {
            throw NightdropError(.usage, "\(directory.path) is not a terminal but head office")
        }
        return settings
    }
}

/// Which of the journals in a node's directory is the one that is written: the one that no other follows.
enum CurrentJournal {
    static func find(
        _ directory: NodeDirectory, _ settings: NodeSettings, _ fileSystem: any FileSystem
    ) throws -> JournalIdentity {
        var found: [SegmentHeader] = []
        for name in try fileSystem.names(in: directory.journals) {
            let reader = JournalReader(fileSystem: fileSystem, directory: directory.journals + "/" + name)
            if let header = try reader.newestHeader() { found.append(header) }
        }
        let followed = Set(found.compactMap { $0.follows?.journal })
        let current = found.filter { !followed.contains($0.journal) }
        guard let header = current.first, current.count == 1 else {
            throw NightdropError(
                .inputOutput,
                "\(directory.journals) holds \(current.count) journals that could be the present one; it must be one")
        }
        return JournalIdentity(
            node: settings.id, store: settings.store, journal: header.journal, follows: header.follows)
    }
}
