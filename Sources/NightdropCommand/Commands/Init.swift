import ArgumentParser
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a node: head office or a till.",
        discussion: Manual.page(
            "A node is a directory with settings, keys, a journal and a store.",
            examples: [
                "nightdrop init central -C HQ --organisation \"Corner Shops\"",
                "nightdrop init terminal -C T07 --id T07 --store S1",
            ],
            statuses: [.cannotCreate, .inputOutput, .badSettings]),
        subcommands: [InitCentral.self, InitTerminal.self])
}

struct InitCentral: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "central",
        abstract: "Make head office: keys, policy and the central store.",
        discussion: Manual.page(
            """
            Prints the fingerprint of head office's key, which tills may be told to insist on.

            With --restored nothing is made: the node is a backup of head office that takes its place. Say so before the \
            first merge. The tills follow it with their next exchange, send again what it lacks, and bring back what head \
            office itself had changed since the backup; see nightdrop conflicts --kind lost.
            """,
            examples: [
                "nightdrop init central --organisation \"Corner Shops\" --policy policy.yaml",
                "nightdrop init central --restored -C HQ",
            ],
            statuses: [.notFound, .cannotCreate, .inputOutput, .tryAgain, .badSettings]))

    @Option(help: ArgumentHelp("The id of head office.", valueName: "id"))
    var id = "HQ"
    @Option(help: ArgumentHelp("The organisation that all nodes belong to.", valueName: "name"))
    var organisation: String?
    @Option(
        help: ArgumentHelp("A policy; else the built-in one for shops and restaurants.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var policy: String?
    @Flag(help: "The node is a restored backup: declare that it is head office from now on.")
    var restored = false
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !restored || organisation == nil && policy == nil else {
            throw ValidationError("--restored makes nothing new; it goes without --organisation and --policy.")
        }
        guard NodeID(id) != nil else { throw ValidationError("\"\(id)\" is no id: 1 to 16 letters, digits, '-', '_'.") }
    }

    func run() throws {
        guard let id = NodeID(id) else { return }
        let console = Console(output)
        if restored { return try declare(console) }
        if let policy { try GivenPaths.check([policy]) }
        let central = try Central.create(
            at: node.path, id: id, organisation: try organisationName(), policy: policy)
        if console.isJSON {
            try console.out.json(["node": .string(id.text), "fingerprint": .string(central.fingerprint)])
        }
        try console.say(
            """
            made head office \(id) in \(node.path)
            its key has the fingerprint \(central.fingerprint)
            next: nightdrop init terminal --id T01 --store S1 -C T01, then nightdrop enroll
            """)
        try console.out.flush()
    }

    private func declare(_ console: Console) throws {
        let central = try Node.central(node, instead: "a till needs no such word")
        let restored = try central.declareRestored()
        if console.isJSON {
            try console.out.json([
                "node": .string(central.settings.id.text), "epoch": .string(restored.epoch.text),
                "csn": .integer(restored.csn), "new": .bool(restored.isNew),
            ])
        }
        try console.say(restored.words)
        try console.out.flush()
    }

    /// The name that was given, else the one in the given policy.
    private func organisationName() throws -> String {
        if let organisation { return organisation }
        // That there is a node already is worth more than to ask for a name.
        guard try DiskFileSystem().status(NodeDirectory(node.path).settings) == nil else { return "" }
        guard let policy, let bytes = try DiskFileSystem().contents(policy) else {
            throw ValidationError("Give the organisation's name: --organisation NAME, or a --policy that says it.")
        }
        return try PolicyFile.parse(String(decoding: bytes, as: UTF8.self), file: policy).organisation
    }
}

struct InitTerminal: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terminal",
        abstract: "Make a till: keys, a journal, and a request for enrollment.",
        discussion: Manual.page(
            """
            Take the request to head office, which answers with a grant (nightdrop enroll); give the grant to \
            nightdrop import. The till may record from the first moment on. With --central, only a grant of head office \
            with that fingerprint is taken.
            """,
            examples: [
                "nightdrop init terminal --id T07 --store S1 --request T07.nightdrop-request"
            ],
            statuses: [.cannotCreate, .inputOutput]))

    @Option(help: ArgumentHelp("The till's id, 1 to 16 letters, digits, '-' and '_'.", valueName: "id"))
    var id: NodeID
    @Option(help: ArgumentHelp("The store that the till stands in.", valueName: "id"))
    var store: NodeID
    @Option(
        help: ArgumentHelp("Where to write the request; else into the node's outbox.", valueName: "file"),
        completion: .file())
    var request: String?
    @Option(
        help: ArgumentHelp(
            "The entities that the till receives, separated by commas; else all.", valueName: "entities"))
    var receive: String?
    @Option(help: ArgumentHelp("The fingerprint that head office's key must have.", valueName: "fingerprint"))
    var central: String?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        for name in entities ?? [] where !EntityName.isValid(name.utf8) {
            throw ValidationError("\"\(name)\" is no name of an entity; give names such as product,customer.")
        }
        // Else the till would refuse every grant, and could not be told another one. A SHA-256 has 43 digits in base 64.
        if let central, !central.hasPrefix("SHA256:") || central.utf8.count != 50 {
            throw ValidationError(
                "\"\(central)\" is no fingerprint of a key; head office's begins with SHA256: (nightdrop init central prints it)."
            )
        }
    }

    private var entities: [String]? {
        receive?.split { $0 == "," || $0 == " " }.map(String.init)
    }

    func run() throws {
        let console = Console(output)
        let (terminal, request) = try Terminal.create(
            at: node.path, id: id, store: store,
            receive: entities,
            centralFingerprint: central, request: request)
        if console.isJSON { try console.out.json(["request": .string(request)]) }
        try console.say("made till \(id) of store \(store) in \(node.path)")
        try console.say("its key has the fingerprint \(terminal.fingerprint)")
        try console.say("next, at head office: nightdrop enroll \(request)")
        try console.out.flush()
    }
}
