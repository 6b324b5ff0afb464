import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropModel

/// A visit to an exchange directory: what both kinds of node do around taking and leaving.
struct ExchangeVisit {
    private(set) var place: ExchangeDirectory
    private(set) var report: ExchangeReport
    private let node: NodeID
    private let fileSystem: any FileSystem
    /// What lay there at the beginning, by path.
    private var found: [String: FileStatus] = [:]
    private let isShared: Bool
    private var hasFailed = false

    /// Begins a visit. A directory that is missing is a carrier that is not mounted; one with another organisation's
    /// marker is left as it is.
    init(
        _ path: String, node: NodeID, organisation: String?, _ options: ExchangeOptions, _ fileSystem: any FileSystem
    ) throws {
        let directory = ExchangeVisit.trimmed(path)
        guard try fileSystem.status(directory)?.isDirectory == true else {
            throw NightdropError(.notFound, "there is no directory \(path); is the carrier mounted?")
        }
        self.node = node
        isShared = options.isShared
        self.fileSystem = fileSystem
        place = ExchangeDirectory(directory, fileSystem: fileSystem)
        report = ExchangeReport(directory: directory)
        if let marker = try place.marker() {
            if let organisation { try place.check(marker, organisation) }
            report.carrier = marker.carrier
            place = ExchangeDirectory(directory, fileSystem: fileSystem, carrier: marker.carrier)
        } else if options.needsMarker {
            throw NightdropError(
                .tryAgain,
                "\(directory) has no \(CarrierMarker.fileName): the carrier is not mounted, or was never used")
        }
        report.isReadOnly = try place.medium()?.isReadOnly ?? false
        for file in try place.bundles(for: node) { found[file] = try fileSystem.status(file) }
    }

    /// Notes what became of the bundles, and takes away those that this node has now.
    mutating func took(_ outcomes: [BundleOutcome]) {
        report.came = outcomes.filter { $0.outcome != .skipped }
        report.vanished = outcomes.filter { $0.outcome == .skipped && $0.reason?.hasPrefix("not-found") == true }
        var sets: [ReturnPart] = []
        for outcome in report.came {
            if let part = outcome.part, part.isWaiting {
                guard !sets.contains(where: { PartSet.belong($0.manifest, part.manifest) }) else { continue }
                sets.append(part)
            }
            guard let message = message(outcome) else { continue }
            report.attention.append(.init(message: message, status: outcome.status))
        }
        guard !report.isReadOnly else { return }
        let taken = report.came.filter { $0.outcome == .merged || $0.outcome == .known }.compactMap { outcome in
            found[outcome.file].map { (path: outcome.file, status: $0) }
        }
        attempt { visit in visit.report.removed += try visit.place.removeTaken(taken, by: visit.node) }
    }

    /// Marks the carrier, if it has no marker. What is left from now on is left on this one, or not at all.
    mutating func mark(_ organisation: String) {
        attempt { visit in
            let marker = try visit.place.mark(organisation)
            if visit.report.carrier == nil {
                visit.note(
                    "\(visit.report.directory) was new, and is marked now; if it has been used before, it is not mounted, and "
                        + "this is an empty folder on the computer's own disk")
            }
            visit.report.carrier = marker.carrier
            visit.place = ExchangeDirectory(
                visit.report.directory, fileSystem: visit.fileSystem, carrier: marker.carrier)
        }
    }

    /// Leaves something; a failure is reported, and ends the leaving.
    mutating func attempt(_ body: (inout ExchangeVisit) throws -> Void) {
        guard !hasFailed else { return }
        do { try body(&self) } catch {
            hasFailed = true
            let error = NightdropError(error)
            fail(error.message, status: error.kind.rawValue)
        }
    }

    /// Notes a bundle that lies there now.
    mutating func left(_ bundle: WrittenBundle, wasThere: Bool) {
        report.left.append(
            .init(
                to: bundle.manifest.to, file: bundle.path, bytes: bundle.size, operations: bundle.manifest.operations,
                wasThere: wasThere))
    }

    /// Notes what newer bundles replaced.
    mutating func replaced(_ paths: [String]) { report.removed += paths }

    /// Notes something for people that is no failure.
    mutating func note(_ message: String, status: Int32 = 0) {
        report.attention.append(.init(message: message, status: status))
    }

    /// On a medium that cannot be written, what is to be left stays here.
    mutating func couldNotLeave(_ what: String) {
        fail(
            "\(report.directory) is read-only: nothing was left, \(what)",
            status: NightdropError.Kind.cannotCreate.rawValue)
    }

    private mutating func fail(_ message: String, status: Int32) {
        note(message, status: status)
        report.failure = .init(message: message, status: status)
    }

    /// Ends the visit. Nothing is said to be safe that the medium has not confirmed.
    mutating func finish() -> ExchangeReport {
        if !report.isReadOnly {
            attempt { visit in
                for file in visit.report.left {
                    let size = try visit.fileSystem.status(file.file)?.size
                    guard size == file.bytes || size == nil && visit.isShared else {
                        throw NightdropError(
                            .inputOutput, "\(file.file) was written, and is gone; was the carrier pulled out?")
                    }
                }
                guard try visit.place.marker()?.carrier == visit.report.carrier else {
                    throw NightdropError(
                        .inputOutput,
                        "\(visit.report.directory) is not the carrier any more that it was; was it pulled out?")
                }
                try visit.fileSystem.synchronizeDirectory(visit.report.directory)
            }
        }
        let isStillCopied = report.came.contains { $0.outcome == .incomplete }
        report.safeToRemove = !hasFailed && !isStillCopied
        return report
    }

    private func message(_ outcome: BundleOutcome) -> String? {
        let name = Path.name(of: outcome.file)
        switch outcome.outcome {
        case .merged, .known, .skipped: return nil
        case .waiting where outcome.part?.isWaiting == true:
            return outcome.part.map { message($0, asks: outcome.needsWord) }
        case .waiting: return "\(name) waits: \(outcome.reason ?? "something before it is missing")"
        case .refused:
            let why = outcome.reason ?? "for an unknown reason"
            return "1 bundle was refused: \(name): \(why)\(ExchangeVisit.advice(on: outcome))"
        case .incomplete: return "\(name) is not whole yet; if it is still being copied, come again when that is done"
        }
    }

    /// That an answer cannot be taken over because it is not all there; the same for all of its parts.
    private func message(_ part: ReturnPart, asks: Bool) -> String {
        let next =
            if !asks {
                "The rest may still be on its way"
            } else if report.isReadOnly {
                "If another stick has the rest, bring it too; else head office writes all of it again once it hears of "
                    + "this till"
            } else {
                "If another stick has the rest, bring it too; this till asks head office to write all of it again, which "
                    + "it does at its next visit"
            }
        return "an answer of head office came in \(part.manifest.parts) parts, and "
            + "\(PartSet.words(missing: part.missing)), so nothing of it is taken over yet. \(next)"
    }

    /// What to do about a bundle that was refused, or why nothing is to be done.
    private static func advice(on outcome: BundleOutcome) -> String {
        switch outcome.reason.flatMap({ $0.split(separator: ":").first }) {
        case "damaged", "malformed", "not-found": ". Its sender writes it again; nothing is lost"
        case "unsigned", "unknown-key", "revoked-key", "wrong-organisation":
            ". Nothing of it was taken; ask IT whose it is, or delete the file"
        default: ""
        }
    }

    private static func trimmed(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        return String(path)
    }
}
