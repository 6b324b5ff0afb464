import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

/// Head office was restored from a backup and goes on in a new epoch, which this terminal follows.
extension Terminal {
    /// Returns of a stretch that head office has lost, until it has them back.
    private var unreturned: String { directory.archive + "/unreturned" }
    private var returned: String { directory.archive + "/returned" }

    /// Before a return is applied: what its receipt covers no longer becomes pending again, and if it is of a new epoch, the
    /// returns are set aside that head office has lost and that hold operations of its own. Done again, it changes nothing.
    func prepare(for answer: ReturnFacts, _ receipt: Receipt) throws {
        let state = try store.read { try $0.state() }
        if let known = state.receipt, known.position.journal == identity.journal,
            receipt.position.journal == identity.journal, receipt.position.seq < known.position.seq
        {
            try journal.reader.read(from: receipt.position.seq + 1, through: known.position.seq) { lines, operations in
                try store.pendAgain(journal: identity.journal, lines, operations)
            }
        }
        guard let epoch = state.cursor?.epoch, epoch != answer.reach.epoch,
            let common = answer.succeeds.first(where: { $0.epoch == epoch })
        else { return }
        try setAside(behind: common)
    }

    private func setAside(behind common: SucceededEpoch) throws {
        for name in try fileSystem.names(in: directory.archive) {
            guard let parsed = BundleName(name), parsed.sender == settings.central, parsed.last > common.csn else {
                continue
            }
            let path = directory.archive + "/" + name
            guard let manifest = try? BundleReader.open(path, fileSystem: fileSystem).manifest,
                let reach = manifest.answer?.reach, reach.epoch == common.epoch, reach.csn > common.csn,
                manifest.entries.contains(where: { $0.path.hasPrefix(OwnOperations.folder) })
            else { continue }
            try fileSystem.createDirectory(unreturned)
            try fileSystem.rename(path, to: "\(unreturned)/\(common.epoch.short)-\(name)")
        }
    }

    /// What an export brings back to head office.
    func echoes() throws -> [BundleContent] {
        guard try fileSystem.status(unreturned) != nil else { return [] }
        return try fileSystem.names(in: unreturned).filter(BundleName.isBundle).sorted().compactMap { name in
            let path = unreturned + "/" + name
            return try fileSystem.status(path).map {
                BundleContent(EchoedReturn.folder + name, file: path, length: $0.size)
            }
        }
    }

    /// A return that starts in the new epoch shows that head office has a bundle that stated this terminal's cursor there;
    /// and each of those brought the lost returns.
    func settleEchoes(_ answer: ReturnFacts) throws {
        guard let start = answer.start, try fileSystem.status(unreturned) != nil else { return }
        for name in try fileSystem.names(in: unreturned) where !name.hasPrefix(start.epoch.short) {
            try fileSystem.createDirectory(returned)
            try fileSystem.rename(unreturned + "/" + name, to: returned + "/" + name)
        }
    }
}
