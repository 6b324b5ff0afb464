import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel

extension Terminal {
    /// Makes a terminal: directories, keys, its first journal, and a request for enrollment.
    ///
    /// - Parameters:
    ///   - directory: The node's directory; it must not hold a node already.
    ///   - receive: The entities that it wishes to receive; nil for all.
    ///   - centralFingerprint: The fingerprint that the grant must bear; nil to trust the first grant.
    ///   - request: Where to write the request; nil for `outbox/<id>.nightdrop-request`.
    /// - Returns: the terminal and the path of its request.
    public static func create(
        at directory: String, id: NodeID, store: NodeID, receive: [String]? = nil, centralFingerprint: String? = nil,
        request: String? = nil
    ) throws -> (terminal: Terminal, request: String) {
        try NightdropError.attempt {
            let fileSystem = DiskFileSystem()
            let node = NodeDirectory(directory)
            guard try fileSystem.status(node.settings) == nil else {
                throw NightdropError(.cannotCreate, "\(node.path) holds a node already")
            }
            try node.create(fileSystem)
            let key = try signingKey(node, id, fileSystem)
            let journal = try firstJournal(node, id, store, fileSystem)
            let path = request ?? "\(node.outbox)/\(id)\(EnrollmentRequest.fileSuffix)"
            let wish = EnrollmentRequest(
                node: id, store: store, journal: journal, key: key.publicKey, receive: receive, created: Clock.now(),
                software: Software.name)
            try fileSystem.publish(path, bytes: try wish.signed(with: key))
            // The settings come last: a directory without them is no node yet, and this may be run again.
            let settings = NodeSettings(
                role: .terminal, id: id, store: store, centralFingerprint: centralFingerprint, receive: receive)
            try fileSystem.publish(node.settings, bytes: Array(settings.yaml.utf8))
            return (try Terminal(at: node, fileSystem: fileSystem), path)
        }
    }

    /// The key; one that an interrupted attempt has left is used.
    private static func signingKey(
        _ node: NodeDirectory, _ id: NodeID, _ fileSystem: DiskFileSystem
    ) throws -> SigningKey {
        if let file = try fileSystem.contents(node.signingKey) { return try SigningKey(file: file) }
        let key = SigningKey.generate(comment: id.text)
        try fileSystem.publish(node.signingKey, bytes: Array(key.file().utf8), permissions: 0o600)
        let line = key.publicKey.line(comment: id.text) + "\n"
        try fileSystem.publish(node.signingKey + ".pub", bytes: Array(line.utf8))
        return key
    }

    private static func firstJournal(
        _ node: NodeDirectory, _ id: NodeID, _ store: NodeID, _ fileSystem: DiskFileSystem
    ) throws -> UniqueID {
        let settings = NodeSettings(role: .terminal, id: id, store: store)
        if try !fileSystem.names(in: node.journals).isEmpty {
            return try CurrentJournal.find(node, settings, fileSystem).journal
        }
        let journal = UniqueID.random()
        _ = try JournalWriter(
            fileSystem: fileSystem, directory: node.journal(journal),
            identity: JournalIdentity(node: id, store: store, journal: journal), conditions: JournalConditions(),
            wallClock: { Clock.now() }, discovered: { _, _ in })
        return journal
    }
}
