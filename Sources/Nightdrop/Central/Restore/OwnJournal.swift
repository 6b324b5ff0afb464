import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStore
import Synchronization

/// The journal that head office writes.
struct OwnJournal: Sendable {
    let id: UniqueID
    /// Nil where the node was opened to be looked at only.
    let writer: JournalWriter?

    /// One that is not written.
    init(lookingAt id: UniqueID) {
        self.id = id
        writer = nil
    }

    /// Opens the journal, or makes it.
    init(
        _ id: UniqueID, follows: JournalPosition?, epoch: UniqueID, node: NodeID, policy: Policy,
        in directory: NodeDirectory, _ fileSystem: any FileSystem
    ) throws {
        self.id = id
        writer = try JournalWriter(
            fileSystem: fileSystem, directory: directory.journal(id),
            identity: JournalIdentity(node: node, store: nil, journal: id, follows: follows),
            conditions: JournalConditions(
                epoch: epoch, policyVersion: policy.version, controlFields: policy.controlFields, receives: nil),
            wallClock: { Clock.now() }, discovered: { _, _ in })
    }

    /// The journal that the store names as head office's own, and what it follows.
    static func named(
        by reader: any CentralReader, in directory: NodeDirectory
    ) throws -> (id: UniqueID, follows: JournalPosition?) {
        guard let id = try reader.setting("journal").flatMap(UniqueID.init) else {
            throw NightdropError(.inputOutput, "\(directory.store) is damaged: it names no journal")
        }
        return (id, try reader.journals().first { $0.journal == id }?.follows)
    }
}

extension Central {
    var journal: JournalWriter {
        get throws {
            guard let writer = own.withLock({ $0.writer }) else { throw onlyLookedAt }
            return writer
        }
    }
    var journalID: UniqueID { own.withLock { $0.id } }

    /// The lines of one of head office's own journals.
    func ownLines(of journal: JournalRow) -> JournalReader {
        JournalReader(fileSystem: fileSystem, directory: directory.journal(journal.journal))
    }

    /// Writes to the journal that the store names: another process may have begun a new one.
    func followOwnJournal(_ reader: any CentralReader) throws {
        let (id, follows) = try OwnJournal.named(by: reader, in: directory)
        guard id != journalID else { return }
        let journal = try OwnJournal(
            id, follows: follows, epoch: reader.cursor().epoch, node: settings.id, policy: policy, in: directory,
            fileSystem)
        own.withLock { $0 = journal }
    }
}
