import NightdropFormats
import NightdropJournal
import NightdropMerge
import NightdropModel
import NightdropStore

extension Central {
    /// Merges what the own journal holds and the store does not: the rest of an interrupted `record`.
    func catchUp() throws {
        let merged = try store.read { try $0.journals().first { $0.journal == journalID }?.seq ?? 0 }
        if try journal.lastSeq > merged { try store.write { try catchUp($0) } }
    }

    /// The same, within a transaction, in which nobody else begins a new journal.
    func catchUp(_ writer: any CentralWriter) throws {
        try followOwnJournal(writer)
        let merged = try writer.journal(author, follows: nil).seq
        // A commit of nothing learns of what another process has appended, which may have ended before the store had it.
        let last = try journal.commit { $0.nextSeq } - 1
        guard last >= merged else {
            throw NightdropError(
                .inputOutput,
                "\(directory.store) holds \(merged) of head office's own operations, the journal beside it \(last): "
                    + "one of them was restored without the other")
        }
        guard last > merged else { return }
        try journal.reader.read(from: merged + 1) { buffer, operations in try merge(own: operations, buffer, writer) }
    }

    private var author: RunAuthor {
        RunAuthor(journal: journalID, node: settings.id, store: nil, isCentral: true)
    }

    func merge(
        own operations: [ScannedOperation], _ buffer: UnsafeRawBufferPointer, _ writer: any CentralWriter
    ) throws {
        guard let last = operations.last else { return }
        let text = SegmentText(capacity: buffer.count)
        text.append(room: buffer.count) { room in
            room.copyMemory(from: buffer)
            return buffer.count
        }
        var row = try writer.journal(author, follows: nil)
        let batch = MergeBatch(policy: policy, validator: validator, expecting: operations.count)
        batch.begin(author, text: text, segment: 0)
        batch.add(operations[...])
        for operation in operations where operation.key.isPresent {
            let last = operation.seq + Int64(operation.transactionCount) - 1
            let numbers = OwnNumbers(journal: row.code, range: operation.seq...last)
            try writer.set("key:\(JSONString.unescaped(buffer[operation.key]))", numbers.text)
        }
        let segment = try writer.segment(journal: row.code, number: 0)?.id ?? ownSegment(row.code, writer)
        _ = try writer.merge(
            batch, segments: [segment], codes: [row.code], now: Clock.now(), observer: nil,
            asking: HookDesk(self).answer)
        row.seq = last.seq
        row.hash = ContentHash.of(buffer[last.line])
        row.operations += Int64(operations.count)
        try writer.update(row)
        _ = try writer.endMergeTransaction(at: Clock.now(), policy: Int64(policy.version))
    }

    /// The own journal is its own archive: one row stands for all of it.
    private func ownSegment(_ journal: Int32, _ writer: any CentralWriter) throws -> Int64 {
        try writer.add(
            SegmentRow(
                id: 0, journal: journal, number: 0, first: 1, last: 0, hash: .none, file: nil, offset: 0, length: 0,
                bundle: nil))
    }
}
