import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel
import NightdropStoreSQLite

/// The parts of a return that was split. They wait in the inbox until all are there.
enum PartSet {
    /// Whether two parts belong together: cut from one return, at one moment.
    static func belong(_ one: Manifest, _ other: Manifest) -> Bool {
        one.answer == other.answer && one.created == other.created && one.parts == other.parts
            && one.from == other.from && one.kind == other.kind
    }

    /// `part 2 is missing`, `parts 1, 2 and 5 are missing`.
    static func words(missing: [Int]) -> String {
        let numbers = missing.map(String.init)
        let list = numbers.dropLast().joined(separator: ", ")
        let words = list.isEmpty ? numbers.joined() : "\(list) and \(numbers.last ?? "")"
        return missing.count == 1 ? "part \(words) is missing" : "parts \(words) are missing"
    }

    /// A part that is being written shows no change while it is read back, which takes a while for 4 GiB.
    static let writingMilliseconds: Int64 = 300_000
}

/// A part of a return, and what it waits for.
struct ReturnPart: Sendable, Equatable {
    let manifest: Manifest
    /// The numbers of those that it waits for, as they are not in the inbox.
    var missing: [Int] = []

    /// Whether it waits for others.
    var isWaiting: Bool { !missing.isEmpty }

    /// Why it waits.
    var reason: String { "it is part \(manifest.part) of \(manifest.parts); \(PartSet.words(missing: missing))" }
}

extension Terminal {
    /// All parts of a bundle, in order, and the numbers of those that are not in the inbox. Where some are missing, the
    /// others are not read again.
    func parts(of bundle: VerifiedBundle) throws -> (held: [VerifiedBundle], missing: [Int]) {
        guard bundle.manifest.parts > 1 else { return ([bundle], []) }
        var missing = try missingParts(of: bundle.manifest)
        guard missing.isEmpty else { return ([], missing) }
        let intake = BundleIntake(try expectations(), fileSystem: fileSystem)
        var held: [VerifiedBundle] = []
        for number in 1...bundle.manifest.parts {
            let path = inboxPath(of: number, bundle.manifest)
            if number == bundle.manifest.part {
                held.append(bundle)
            } else if let part = try? intake.take(path), PartSet.belong(part.manifest, bundle.manifest) {
                held.append(part)
            } else {
                missing.append(number)
                try fileSystem.remove(path)
            }
        }
        return (held, missing)
    }

    /// The parts that belong to one and are not in the inbox. What is there was verified when it came.
    private func missingParts(of manifest: Manifest) throws -> [Int] {
        try (1...manifest.parts).filter { number in
            let path = inboxPath(of: number, manifest)
            guard number != manifest.part else { return false }
            guard try fileSystem.kind(path) == .file,
                let head = try? BundleReader.head(of: path, fileSystem: fileSystem).manifest
            else { return true }
            return !PartSet.belong(head, manifest) || head.part != number
        }
    }

    private func inboxPath(of number: Int, _ manifest: Manifest) -> String {
        var wanted = manifest
        wanted.part = number
        return directory.inbox + "/" + wanted.fileName
    }

    /// Once everything that lies there was looked at: the parts of what was applied were merged with it; of others, what each
    /// still waits for. The inbox is locked.
    func reviewParts(of outcomes: inout [BundleOutcome]) throws {
        let applied = outcomes.compactMap { $0.outcome == .merged ? $0.part?.manifest : nil }
        for index in outcomes.indices {
            guard let part = outcomes[index].part else { continue }
            switch outcomes[index].outcome {
            case .waiting where part.isWaiting: try review(part, &outcomes[index])
            case .known where applied.contains(where: { PartSet.belong($0, part.manifest) }):
                outcomes[index].outcome = .merged
                (outcomes[index].new, outcomes[index].known) = (outcomes[index].total, 0)
            default: continue
            }
        }
    }

    private func review(_ part: ReturnPart, _ outcome: inout BundleOutcome) throws {
        var part = part
        if let records = try recordsHeld(of: part.manifest) {
            outcome.part?.missing = []
            return noteHeld(records, &outcome)
        }
        part.missing = try missingParts(of: part.manifest)
        outcome.part = part
        outcome.reason = "waiting: \(part.reason)"
    }

    /// Of a part that waits, whether head office must write all of them again. Looks at the carrier.
    func decideWord(on outcome: inout BundleOutcome) {
        guard let part = outcome.part, part.isWaiting else { return }
        outcome.needsWord = !isArriving(part.manifest, beside: outcome.file)
    }

    /// Whether a file of a set has just appeared, or is being written.
    private func isArriving(_ manifest: Manifest, beside file: String) -> Bool {
        let now = Clock.now()
        return (1...manifest.parts).contains { number in
            var wanted = manifest
            wanted.part = number
            let path = Path.directory(of: file) + "/" + wanted.fileName
            let times = [("", MergeInput.settlingMilliseconds), (".partial", PartSet.writingMilliseconds)]
            return times.contains { suffix, milliseconds in
                guard let status = try? fileSystem.status(path + suffix) else { return false }
                return !Settling.isSettled(status, now: now, settlingMilliseconds: milliseconds)
            }
        }
    }

    /// Removes from the inbox the parts of returns that lead no further than this terminal has come, and copies that were
    /// interrupted; not what belongs to a visit that may be going on. The inbox is locked.
    func removeStaleParts() throws {
        let state = try store.read { try $0.state() }
        for name in try fileSystem.names(in: directory.inbox) where !Landing.owns(name) {
            let path = directory.inbox + "/" + name
            if name.hasSuffix(".partial") || isStale(name, path, state) { try fileSystem.remove(path) }
        }
    }

    private func isStale(_ name: String, _ path: String, _ state: TerminalState) -> Bool {
        guard let name = BundleName(name) else { return false }
        guard name.last >= state.cursor?.csn ?? 0 else { return true }
        guard name.parts > 1, let head = try? BundleReader.head(of: path, fileSystem: fileSystem).manifest,
            let answer = head.answer
        else { return false }
        return ReturnDecision(answer, created: head.created, state: state, journal: identity.journal) == .known
    }

    /// Puts a bundle away of which everything is here already: into the archive, if it is the one that led here and an
    /// interruption has kept it from getting there.
    func putAway(known bundle: VerifiedBundle, _ answer: ReturnFacts, _ state: TerminalState) throws {
        let archived = directory.archive + "/" + bundle.manifest.fileName
        guard answer.reach == state.cursor, try fileSystem.status(archived) == nil else {
            return try fileSystem.remove(bundle.path)
        }
        try fileSystem.rename(bundle.path, to: archived)
        try fileSystem.synchronizeDirectory(directory.archive)
    }

    /// Does what central asks for in a return, unless that was done: a return may come again and again. What it does not
    /// know it passes over.
    func heed(_ answer: ReturnFacts, _ manifest: Manifest, ifNewerThan seen: Int64 = 0) throws {
        guard answer.directives.contains(.exchange), manifest.created > seen else { return }
        try store.exportRequested(at: manifest.created)
    }
}
