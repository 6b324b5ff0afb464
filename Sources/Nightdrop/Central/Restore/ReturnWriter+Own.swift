import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStore

extension ReturnWriter {
    /// Head office's own operations behind where the terminal stands, of the records that it receives: after a disaster the
    /// tills are the only ones who have them. As they stand in the journal, so none is known twice.
    func ownOperations(_ reader: any CentralReader, to path: String) throws -> [BundleContent] {
        let id = try OwnJournal.named(by: reader, in: central.directory).id
        guard let journal = try reader.journals().first(where: { $0.journal == id }), journal.seq > 0,
            let known = try knownOwn(reader), known < journal.seq
        else { return [] }
        let coverage = central.coverage(of: terminal)
        var text: [UInt8] = []
        var file: (any OpenFile)?
        var offset: Int64 = 0
        func flush() throws {
            guard !text.isEmpty else { return }
            let target = try file ?? central.fileSystem.open(path, .createNew(permissions: 0o600))
            file = target
            for member in try GzipMembers.compress([text]) {
                try member.withUnsafeBytes { try target.write($0, at: offset) }
                offset += Int64(member.count)
            }
            text.removeAll(keepingCapacity: true)
        }
        try central.ownTail.read(central.ownLines(of: journal), journal, after: known) { line, operation in
            guard receives(operation, line, coverage) else { return }
            text += line[operation.line]
            text.append(UInt8(ascii: "\n"))
            if text.count >= Limits.memberTextBytes { try flush() }
        }
        try flush()
        return offset > 0 ? [BundleContent(OwnOperations.entry, file: path, length: offset)] : []
    }

    /// How many of them lie behind the terminal; nil where that is not known, or it was never heard of.
    private func knownOwn(_ reader: any CentralReader) throws -> Int64? {
        guard !isGrant, refusedKey == nil, let cursor = terminal.cursor else { return nil }
        let epochs = try reader.epochs()
        // The present journal began with the epoch.
        if !epochs.succeeded.isEmpty, cursor.epoch != epochs.present || cursor.csn <= epochs.began { return 0 }
        return try reader.holds(cursor) ? reader.ownSeq(at: cursor.csn) : nil
    }

    private func receives(
        _ operation: ScannedOperation, _ lines: UnsafeRawBufferPointer, _ coverage: Coverage
    ) -> Bool {
        let name = lines[operation.entity].text
        let entity = central.policy.entity(name)
        guard !entity.isFact, coverage.includes(name) else { return false }
        return entity.scope == .all
            || operation.store.isPresent && JSONString.unescaped(lines[operation.store]) == terminal.store.text
    }
}
