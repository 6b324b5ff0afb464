import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStore

extension Central {
    /// Reads head office's own operations from returns that it has lost and tills have brought back, and lists those that
    /// its store does not have. Returns how many conflicts were added.
    func takeBack(_ bundles: [VerifiedBundle]) throws -> Int64 {
        guard !bundles.isEmpty else { return 0 }
        let signers = try AllowedSigners(file: fileSystem.contents(directory.allowedSigners) ?? [])
        let revoked = try revokedKeys()
        let epochs = try store.read { try $0.epochs() }
        var operations: [LostOperation] = []
        for bundle in bundles {
            let intake = BundleIntake(
                BundleExpectations(
                    node: bundle.manifest.from.node, organisation: organisation,
                    trust: .signers(signers, revoked: revoked), kinds: [.return, .snapshot]),
                fileSystem: fileSystem)
            for entry in bundle.manifest.entries where entry.path.hasPrefix(EchoedReturn.folder) {
                let copy = directory.inbox + "/echo-" + UniqueID.random().text
                defer { try? fileSystem.remove(copy) }
                do {
                    try extract(entry.path, of: bundle, to: copy)
                    operations += try read(intake.take(copy), epochs)
                } catch let error as BundleError where error.status != NightdropError.Kind.inputOutput.rawValue {
                    // What else the bundle holds is merged; this is none of ours.
                    try noteRefusal(of: entry.path, in: bundle, error)
                }
            }
        }
        guard !operations.isEmpty else { return 0 }
        operations.sort { ($0.journal.text, $0.operation.seq) < ($1.journal.text, $1.operation.seq) }
        return try store.write { writer in
            var desk = try LostDesk(self, writer)
            for operation in operations { try desk.take(operation) }
            if desk.added > 0 {
                try writer.add(
                    EventRow(time: Clock.now(), kind: "lost", details: ["conflicts": .integer(desk.added)]))
            }
            return desk.added
        }
    }

    private func extract(_ entry: String, of bundle: VerifiedBundle, to path: String) throws {
        try fileSystem.publish(path, durably: false) { file in
            var offset: Int64 = 0
            try bundle.withEntry(entry) { piece in
                try file.write(piece, at: offset)
                offset += Int64(piece.count)
            }
        }
    }

    /// The operations of head office in a return of its own, of an epoch that the present one goes on from.
    private func read(_ bundle: VerifiedBundle, _ epochs: Epochs) throws -> [LostOperation] {
        guard bundle.manifest.from.node == settings.id, let reach = bundle.manifest.answer?.reach,
            epochs.end(of: reach.epoch) != nil
        else { return [] }
        var operations: [LostOperation] = []
        for entry in bundle.manifest.entries where entry.path.hasPrefix(OwnOperations.folder) {
            try EntryLines.read(bundle, entry.path) { lines in
                for line in lines.split(separator: UInt8(ascii: "\n")) {
                    operations.append(
                        try LostOperation(
                            bundle.manifest.from.journal, follows: bundle.manifest.from.follows, Array(line)))
                }
            }
        }
        return operations
    }

    private func noteRefusal(of entry: String, in bundle: VerifiedBundle, _ error: BundleError) throws {
        try store.write { writer in
            try writer.add(
                EventRow(
                    time: Clock.now(), kind: "refuse", node: bundle.manifest.from.node.text,
                    bundle: bundle.manifest.fileName,
                    details: ["entry": .string(entry), "reason": .string(error.summary)]))
        }
    }
}

extension MergeReport {
    /// What was listed as lost, in words; nil if nothing was.
    public var lostWords: String? {
        guard lost > 0 else { return nil }
        return (lost == 1 ? "1 change" : "\(lost) changes") + " of head office "
            + (lost == 1 ? "was" : "were")
            + " lost with its store, and tills have brought word of them; take or drop each: nightdrop conflicts --kind lost"
    }
}
