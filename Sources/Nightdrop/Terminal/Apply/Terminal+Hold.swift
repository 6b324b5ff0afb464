import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStoreSQLite

/// Large changes of head office that wait for somebody's word. The bundle lies in `inbox/held/`, with how many records it
/// would change; the cursor has not moved, so head office sends it all again to whoever loses it.
extension Terminal {
    private var heldFolder: String { HeldChange.folder(directory) }
    private var heldNote: String { HeldChange.note(directory) }

    /// The records of a change that waits for approval; 0 if none does.
    public func pendingApproval() throws -> Int64 {
        try NightdropError.attempt {
            try held()?.records ?? 0
        }
    }

    /// Applies the change that waits for approval. Returns what became of its bundles; none if nothing waits.
    public func applyHeld() throws -> [BundleOutcome] {
        guard try pendingApproval() > 0 else { return [] }
        let files = try NightdropError.attempt { try heldFiles() }
        return try take(files)
    }

    /// Holds a return bundle back if it would change more than `limit` records. Its receipt and notices are taken. Returns
    /// how many; nil if it is to be applied.
    func hold(
        _ parts: [VerifiedBundle], _ answer: ReturnFacts, _ receipt: Receipt, above limit: Int64
    ) throws -> Int64? {
        let records = try visibleChanges(parts)
        guard records > limit else { return nil }
        try prepare(for: answer, receipt)
        try ReturnApplication(store, terms(parts, answer, receipt, rules(from: parts))).takeReceipt()
        try dropHeld()
        try fileSystem.createDirectory(heldFolder)
        for part in parts { try fileSystem.rename(part.path, to: heldFolder + "/" + part.manifest.fileName) }
        let held = HeldChange(records: records, created: parts.first?.manifest.created ?? 0)
        try fileSystem.publish(heldNote, bytes: held.json.bytes)
        return records
    }

    /// The records that a return would change which is held back already; nil for any other one.
    func recordsHeld(of manifest: Manifest) throws -> Int64? {
        try held().flatMap { $0.created == manifest.created ? $0.records : nil }
    }

    /// Removes what was held back: it is applied, or something that says more is.
    func dropHeld() throws {
        guard try fileSystem.status(heldFolder) != nil else { return }
        try fileSystem.remove(heldNote)
        for file in try heldFiles() { try fileSystem.remove(file) }
    }

    /// When head office wrote what is held back; nil if nothing is.
    func heldCreated() throws -> Int64? { try held()?.created }

    private func heldFiles() throws(FileError) -> [String] {
        try fileSystem.names(in: heldFolder).filter(BundleName.isBundle).map { heldFolder + "/" + $0 }
    }

    private func held() throws -> HeldChange? { try HeldChange(in: directory, fileSystem) }

    private func visibleChanges(_ parts: [VerifiedBundle]) throws -> Int64 {
        var count: Int64 = 0
        for part in parts {
            for entry in part.manifest.entries where entry.path.hasPrefix("changes/") {
                try EntryLines.read(part, entry.path) { lines in
                    count += try store.read { try $0.visibleChanges(lines) }
                }
            }
        }
        return count
    }
}

/// What is held back.
struct HeldChange {
    let records: Int64
    /// When head office wrote it: that tells one bundle from another.
    let created: Int64

    var json: JSONValue { ["records": .integer(records), "created": .integer(created)] }

    static func folder(_ directory: NodeDirectory) -> String { directory.inbox + "/held" }
    static func note(_ directory: NodeDirectory) -> String { folder(directory) + "/held.json" }
}

extension HeldChange {
    /// What a terminal holds back; nil if nothing.
    init?(in directory: NodeDirectory, _ fileSystem: any FileSystem) throws {
        guard let bytes = try fileSystem.contents(HeldChange.note(directory)), let json = try? JSONValue.parse(bytes),
            let records = json["records"]?.integer, let created = json["created"]?.integer
        else { return nil }
        self.init(records: records, created: created)
    }
}
