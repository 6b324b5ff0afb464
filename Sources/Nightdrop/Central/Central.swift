import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStore
import NightdropStoreSQLite
import Synchronization

/// Head office: merges tills' bundles, writes their return bundles, keeps and decides conflicts.
///
/// Values of this class may be used from any thread, and several processes may open the same directory. Reading never
/// waits for a merge.
public final class Central: Sendable {
    /// The settings as they stood when the node was opened.
    public let settings: NodeSettings
    /// The organisation.
    public let organisation: String
    /// The policy as it stood when the node was opened.
    public let policy: Policy

    let directory: NodeDirectory
    let fileSystem: any FileSystem
    let store: any CentralStore
    /// The signing key; nil where the node was opened to be looked at only.
    let heldKey: SigningKey?
    /// The journal that head office writes; another one once the store was restored from a backup.
    let own: Mutex<OwnJournal>
    let ownTail = OwnTail()
    let validator: PolicyValidator
    /// Closures that decide in the place of programs.
    let hooks = HookRegistry()
    let looks = FileLooks()
    let keyNotices = KeyNotices()

    /// The fingerprint of the signing key, `SHA256:…`, which a terminal may pin; empty where the node was opened to be looked
    /// at only.
    public var fingerprint: String { heldKey?.publicKey.fingerprint ?? "" }

    /// Makes a central node: directories, keys, policy, journal and store.
    ///
    /// - Parameters:
    ///   - policy: A policy file; nil for the built-in retail policy.
    public static func create(
        at path: String, id: NodeID, organisation: String, policy policyPath: String? = nil
    ) throws -> Central {
        let fileSystem = DiskFileSystem()
        let directory = NodeDirectory(path)
        guard try fileSystem.status(directory.settings) == nil else {
            throw NightdropError(.cannotCreate, "\(path) holds a node already")
        }
        let policyText = try policyText(policyPath, organisation, fileSystem)
        let policy = try PolicyFile.parse(policyText, file: policyPath ?? directory.policy)
        try directory.create(fileSystem)
        let key = SigningKey.generate(comment: id.text)
        try fileSystem.publish(directory.signingKey, bytes: Array(key.file().utf8), permissions: 0o600)
        try fileSystem.publish(
            directory.signingKey + ".pub", bytes: Array((key.publicKey.line(comment: id.text) + "\n").utf8))
        let signer = try AllowedSigners.Entry(
            principals: [id.text], namespaces: [SSHSignature.Namespace.bundle], key: key.publicKey, comment: id.text)
        try fileSystem.publish(directory.allowedSigners, bytes: Array((signer.line + "\n").utf8))
        try fileSystem.publish(directory.policy, bytes: Array(policyText.utf8))
        let store = try CentralDatabase(path: directory.store)
        let journal = UniqueID.random()
        try store.write { writer in
            try writer.set("epoch", UniqueID.random().text)
            try writer.set("journal", journal.text)
            _ = try writer.endMergeTransaction(at: Clock.now())
            try writer.use(policy)
        }
        // The settings come last: a directory without them is no node yet, and `init` may be run again.
        let settings = NodeSettings(role: .central, id: id, organisation: policy.organisation)
        try fileSystem.publish(directory.settings, bytes: Array(settings.yaml.utf8))
        return try Central(at: path)
    }

    /// Opens a central node, and finishes what an interruption has left.
    public convenience init(at path: String) throws { try self.init(at: path, fileSystem: DiskFileSystem()) }

    package init(at path: String, fileSystem: any FileSystem) throws {
        let directory = NodeDirectory(path)
        let files = try CentralFiles(directory, fileSystem)
        guard let keyFile = try fileSystem.contents(directory.signingKey) else {
            throw NightdropError(.badSettings, "\(path) lacks its signing key")
        }
        let store = try CentralDatabase(path: directory.store)
        settings = files.settings
        organisation = files.organisation
        self.directory = directory
        self.fileSystem = fileSystem
        self.store = store
        heldKey = try SigningKey(file: keyFile)
        policy = files.policy
        validator = PolicyValidator(policy)
        let (id, follows, epoch) = try store.read { reader in
            let (id, follows) = try OwnJournal.named(by: reader, in: directory)
            return (id, follows, try reader.cursor().epoch)
        }
        own = Mutex(
            try OwnJournal(
                id, follows: follows, epoch: epoch, node: settings.id, policy: policy, in: directory, fileSystem))
        try adoptPolicy()
        try catchUp()
        // A node whose undo cannot go on is a node nevertheless; the next undo says why.
        try? resumeUndos()
    }

    /// Opens a central node to look at it only: nothing is written, and its key is not needed.
    init(lookingAt directory: NodeDirectory, fileSystem: any FileSystem) throws {
        let files = try CentralFiles(directory, fileSystem)
        let store = try CentralDatabase(lookingAt: directory.store)
        settings = files.settings
        organisation = files.organisation
        policy = files.policy
        validator = PolicyValidator(policy)
        self.directory = directory
        self.fileSystem = fileSystem
        self.store = store
        heldKey = nil
        own = Mutex(OwnJournal(lookingAt: try store.read { try OwnJournal.named(by: $0, in: directory).id }))
    }

    /// Takes over a policy file, whose version must be higher than the present one's. Operations recorded under an older
    /// policy still merge; tills get the new one with their next return bundle.
    ///
    /// - Returns: the node under the new policy.
    public func use(policy path: String) throws -> Central {
        let text = try Central.policyText(path, organisation, DiskFileSystem())
        let new = try PolicyFile.parse(text, file: path)
        guard new.organisation == organisation else {
            throw NightdropError(
                .badSettings, "\(path) is of organisation \(new.organisation), this is \(organisation)")
        }
        guard new.version > policy.version || new == policy else {
            throw NightdropError(
                .badSettings, "\(path) has version \(new.version), version \(policy.version) is in use: raise it")
        }
        try fileSystem.publish(directory.policy, bytes: Array(text.utf8))
        return try Central(at: directory.path)
    }

    /// A policy that was edited since the store last saw it takes effect, if its version says that it is another one.
    private func adoptPolicy() throws {
        let text = PolicyFile.text(for: policy)
        let (known, version) = try store.read { (try $0.setting("policy"), try $0.setting("policyVersion")) }
        guard known != text else { return }
        if known != nil, version.flatMap({ Int($0) }) == policy.version {
            throw NightdropError(
                .badSettings, "\(directory.policy) was changed, but its version is still \(policy.version): raise it")
        }
        try store.write { writer in
            try writer.use(policy)
            try writer.set("policy", text)
            try writer.set("policyVersion", String(policy.version))
            try writer.set(Central.policySetting(policy.version), text)
            try writer.add(EventRow(time: Clock.now(), kind: "policy", details: ["version": .integer(policy.version)]))
        }
    }

    /// Under which name the store keeps a policy that was in use: terminals that still hold its records lack what a later
    /// one gives them.
    static func policySetting(_ version: Int) -> String { "policy/\(version)" }

    private static func policyText(
        _ path: String?, _ organisation: String, _ fileSystem: DiskFileSystem
    ) throws -> String {
        guard let path else { return PolicyFile.builtInText(organisation: organisation) }
        guard let bytes = try fileSystem.contents(path) else {
            throw NightdropError(.notFound, "there is no policy file \(path)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What a central node's directory says of it.
private struct CentralFiles {
    let settings: NodeSettings
    let organisation: String
    let policy: Policy

    init(_ directory: NodeDirectory, _ fileSystem: any FileSystem) throws {
        guard let yaml = try fileSystem.contents(directory.settings) else {
            throw NightdropError(.notFound, "\(directory.path) is no node: it has no nightdrop.yaml")
        }
        settings = try NodeSettings(yaml: String(decoding: yaml, as: UTF8.self), file: directory.settings)
        guard settings.role == .central, let organisation = settings.organisation else {
            throw NightdropError(.usage, "\(directory.path) is not head office but a terminal")
        }
        self.organisation = organisation
        guard let policyText = try fileSystem.contents(directory.policy) else {
            throw NightdropError(.badSettings, "\(directory.path) lacks its policy.yaml")
        }
        policy = try PolicyFile.parse(String(decoding: policyText, as: UTF8.self), file: directory.policy)
    }
}

extension Policy {
    /// By entity, the field that control totals sum.
    var controlFields: [String: String] {
        var fields: [String: String] = [:]
        for entity in entities { fields[entity.name] = entity.controlTotal }
        return fields
    }
}
