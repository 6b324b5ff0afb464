import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropStoreSQLite

/// The parts of a return that was split. They wait in the inbox until all are there.
enum PartSet {
    /// Whether two parts belong together: cut from one return, at one moment.
    static func belong(_ one: Manifest, _ other: Manifest) -> Bool {
        one.answer == other.answer && one.created == other.created && one.parts == other.parts
            && one.from == other.from && one.kind == other.kind
    }

    /// What a part waits for.
    static func reason(_ manifest: Manifest, missing: [Int]) -> String {
        let numbers = missing.map(String.init)
        let list = numbers.dropLast().joined(separator: ", ")
        let words = list.isEmpty ? numbers.joined() : "\(list) and \(numbers.last ?? "")"
        return "it is part \(manifest.part) of \(manifest.parts); "
            + (missing.count == 1 ? "part \(words) is missing" : "parts \(words) are missing")
    }
}

extension Terminal {
    /// All parts of a bundle, in order, and the numbers of those that are not in the inbox.
    func parts(of bundle: VerifiedBundle) throws -> (held: [VerifiedBundle], missing: [Int]) {
        guard bundle.manifest.parts > 1 else { return ([bundle], []) }
        let intake = BundleIntake(try expectations(), fileSystem: fileSystem)
        var held: [VerifiedBundle] = []
        var missing: [Int] = []
        for number in 1...bundle.manifest.parts {
            var wanted = bundle.manifest
            wanted.part = number
            let path = directory.inbox + "/" + wanted.fileName
            if number == bundle.manifest.part {
                held.append(bundle)
            } else if try fileSystem.kind(path) == .file, let part = try? intake.take(path),
                PartSet.belong(part.manifest, bundle.manifest), part.manifest.part == number
            {
                held.append(part)
            } else {
                missing.append(number)
            }
        }
        return (held, missing)
    }

    /// Removes from the inbox the parts of returns that reach less far than this terminal has come, and copies that were
    /// interrupted; not what belongs to a visit that may be going on. The inbox is locked.
    func removeStaleParts() throws {
        let reached = try store.read { try $0.state().cursor?.csn } ?? 0
        for name in try fileSystem.names(in: directory.inbox) where !Landing.owns(name) {
            let isStale = BundleName(name).map { $0.last < reached } ?? false
            if isStale || name.hasSuffix(".partial") { try fileSystem.remove(directory.inbox + "/" + name) }
        }
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
