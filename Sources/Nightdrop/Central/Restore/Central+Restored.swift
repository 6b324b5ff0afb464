import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropMerge
import NightdropModel
import NightdropStore

extension Central {
    /// Declares that this store is a backup that takes head office's place: a new epoch begins, which the terminals follow,
    /// and a new journal of head office's own.
    ///
    /// Said again before anything was merged or recorded, it changes nothing.
    /// - Throws: `NightdropError` of kind `tryAgain` while a watch, a merge or an export runs on this node.
    public func declareRestored() throws -> Restored {
        try NightdropError.attempt {
            let locks = try [
                (directory.watchLock, "a watch"), (directory.path + "/merge.lock", "a merge"),
                (directory.path + "/export.lock", "an export"),
            ].map { try lock($0, who: $1) }
            defer { withExtendedLifetime(locks) {} }
            let restored = try store.write { writer in
                try catchUp(writer)
                let (epochs, cursor) = (try writer.epochs(), try writer.cursor())
                if epochs.began == cursor.csn, !epochs.succeeded.isEmpty, epochs.strangers.isEmpty {
                    return Restored(epoch: epochs.present, csn: cursor.csn, cause: .declared, isNew: false)
                }
                return try begin(epochs, upTo: cursor.csn, .declared, writer)
            }
            try store.read { try followOwnJournal($0) }
            return restored
        }
    }

    private func lock(_ path: String, who: String) throws -> any FileLock {
        do throws(FileError) { return try fileSystem.lock(path, wait: false) } catch {
            guard error.kind == .locked else { throw error }
            throw NightdropError(.tryAgain, "\(who) is running on \(directory.path); stop it first, or wait")
        }
    }

    /// Begins a new epoch if bundles of a merge have shown that this store was restored from a backup, and remembers the
    /// epochs that it knows nothing of.
    func heed(_ session: MergeSession) throws -> Restored? {
        let signs = session.signs
        guard !signs.isEmpty else { return nil }
        let restored = try store.write { writer -> Restored? in
            try writer.note(strangers: signs.strangers)
            let epochs = try writer.epochs()
            guard let sign = try signs.ahead.first(where: { try writer.standing(of: $0.cursor, epochs) == .ahead })
            else { return nil }
            try catchUp(writer)
            // How long this store has worked since nobody knows; but the till was here at its last cursor on record.
            let before = sign.before.flatMap { $0.epoch == epochs.present ? $0.csn : nil } ?? 0
            return try begin(
                epochs, upTo: max(epochs.began, before), .noticed(terminal: sign.node, csn: sign.cursor.csn), writer)
        }
        if restored != nil { try store.read { try followOwnJournal($0) } }
        return restored
    }

    /// The own journal is wholly in the store.
    private func begin(
        _ epochs: Epochs, upTo csn: Int64, _ cause: Restored.Cause, _ writer: any CentralWriter
    ) throws -> Restored {
        let last = try writer.cursor().csn
        let (epoch, id) = (UniqueID.random(), UniqueID.random())
        let follows = try journal.position()
        _ = try journal.seal()
        // Before the store names it: one that it does not name is nothing to anybody.
        _ = try OwnJournal(
            id, follows: follows, epoch: epoch, node: settings.id, policy: policy, in: directory, fileSystem)
        let succeeded = epochs.succeeded(upTo: csn)
        try writer.set(Epochs.succeedsSetting, JSONValue.array(succeeded.map(\.json)).compact)
        try writer.set(Epochs.strangersSetting, "[]")
        try writer.set(Epochs.beganSetting, String(last))
        try writer.set("epoch", epoch.text)
        try writer.set("journal", id.text)
        _ = try writer.journal(
            RunAuthor(journal: id, node: settings.id, store: nil, isCentral: true), follows: follows)
        let restored = Restored(epoch: epoch, csn: last, cause: cause)
        var node: String?
        if case .noticed(let terminal, _) = cause { node = terminal.text }
        try writer.add(
            EventRow(
                time: Clock.now(), kind: "restored", node: node,
                details: [
                    "epoch": .string(epoch.text), "succeeds": .string(epochs.present.text), "csn": .integer(csn),
                ]))
        return restored
    }

    /// Removes the answers of earlier epochs that lie beside those just written: their terminal has followed, or will.
    func removeFormer(_ written: [WrittenBundle], in folder: String, of terminal: TerminalRow) throws -> [String] {
        guard let epoch = written.first?.manifest.answer?.reach.epoch, written[0].manifest.answer?.succeeds != [] else {
            return []
        }
        let kept = Set(written.map(\.path))
        var removed: [String] = []
        for name in try fileSystem.names(in: folder) where BundleName(name)?.sender == settings.id {
            let path = folder + "/" + name
            guard !kept.contains(path), let found = try? BundleReader.open(path, fileSystem: fileSystem),
                found.fingerprint == fingerprint, let answer = found.manifest.answer, answer.reach.epoch != epoch,
                answer.journal == terminal.journal
            else { continue }
            try fileSystem.remove(path)
            removed.append(path)
        }
        if !removed.isEmpty { try fileSystem.synchronizeDirectory(folder) }
        return removed
    }
}
