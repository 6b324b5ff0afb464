import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats
import NightdropJournal
import NightdropModel

/// What checking one file or journal has shown.
struct Finding {
    let path: String
    /// What was checked: `bundle`, `segment`, `journal`, `request`.
    let sort: String
    /// In words, what is fine with it.
    var facts = ""
    /// What is wrong; nil if nothing.
    var problem: String?
    /// The exit status that the problem calls for.
    var status: Int32 = 0

    init(_ path: String, _ sort: String) {
        self.path = path
        self.sort = sort
    }

    /// Checks; what is thrown is the problem.
    static func of(_ path: String, _ sort: String, _ check: () throws -> String) -> Finding {
        var finding = Finding(path, sort)
        do { finding.facts = try check() } catch {
            let failure = Failure(error)
            // Most errors name the file, which the finding does already.
            let isNamed = failure.message.hasPrefix(path + ": ")
            finding.problem = isNamed ? String(failure.message.dropFirst(path.count + 2)) : failure.message
            finding.status = failure.status
        }
        return finding
    }

    var json: JSONValue {
        [
            "path": .string(path), "sort": .string(sort), "ok": .bool(problem == nil), "facts": .string(facts),
            "problem": .optional(problem),
        ]
    }
}

/// Checks bundles, segments, journals, and whole nodes.
struct Verification {
    private let disk = DiskFileSystem()
    /// Whose signatures count; nil outside of a node, where only the signature itself can be checked.
    let signers: AllowedSigners?
    /// Gets each finding.
    let report: (Finding) throws -> Void

    /// Checks whatever is at a path. Throws only what `report` throws.
    func check(_ path: String) throws {
        let sort: FileSort
        do { sort = try FileSort(path) } catch { return try report(.of(path, "file") { throw error }) }
        switch sort {
        case .node: try node(NodeDirectory(path))
        case .journal: try report(journal(path))
        case .bundle: try report(bundle(path))
        case .segment: try report(segments(path))
        case .request: try report(request(path))
        case .directory: try directory(path)
        case .encrypted:
            try report(
                .of(path, "bundle") {
                    throw NightdropError(.refused, "it is encrypted; open it with age -d -i keys/age_identity first")
                })
        case .other:
            try report(
                .of(path, "file") {
                    throw NightdropError(.refused, FileSort.nothingOfOurs)
                })
        }
    }

    private func node(_ node: NodeDirectory) throws {
        try each(in: node.journals) { path, status in
            if status.isDirectory { try report(journal(path)) }
        }
        for folder in [node.archive, node.outbox] { try directory(folder) }
    }

    /// Everything in a directory and the ones below it that is ours.
    private func directory(_ path: String) throws {
        try each(in: path) { child, status in
            if status.isDirectory {
                try directory(child)
            } else if child.hasSuffix(".nightdrop.tar") {
                try report(bundle(child))
            } else if child.hasSuffix(".jsonl.gz") {
                try report(segments(child))
            } else if child.hasSuffix(EnrollmentRequest.fileSuffix) {
                try report(request(child))
            }
        }
    }

    /// What is in a directory. One that cannot be read is a finding, one that is not there has nothing in it.
    private func each(in directory: String, _ body: (_ path: String, FileStatus) throws -> Void) throws {
        var children: [(path: String, status: FileStatus)] = []
        do {
            guard try disk.status(directory) != nil else { return }
            for name in try disk.names(in: directory) {
                let path = "\(directory)/\(name)"
                if let status = try disk.status(path) { children.append((path, status)) }
            }
        } catch { try report(.of(directory, "directory") { throw error }) }
        for child in children { try body(child.path, child.status) }
    }

    private func journal(_ path: String) -> Finding {
        .of(path, "journal") {
            var (segments, operations): (Int64, Int64) = (0, 0)
            try JournalReader(fileSystem: disk, directory: path).verify { _, summary in
                segments += 1
                operations += summary.count
            }
            return "\(Words.count(operations, "operation")) in \(Words.count(segments, "segment")), one chain"
        }
    }

    private func segments(_ path: String) -> Finding {
        .of(path, "segment") {
            let facts = try SegmentCheck.segments(disk.open(path, .read))
            return
                "\(Words.count(facts.reduce(0) { $0 + $1.count }, "operation")) in \(Words.count(facts.count, "segment"))"
        }
    }

    private func request(_ path: String) -> Finding {
        .of(path, "request") {
            let request = try EnrollmentRequest(verifying: disk.contents(path) ?? [])
            return "till \(request.node), signed with its key \(request.key.fingerprint)"
        }
    }

    private func bundle(_ path: String) -> Finding {
        .of(path, "bundle") {
            let inspection = try BundleReader.open(path, fileSystem: disk)
            if let problem = inspection.problem { throw problem }
            let manifest = inspection.manifest
            let what =
                "\(manifest.kind.rawValue) from \(manifest.from.node), \(Words.count(manifest.operations, "operation"))"
            guard let signers else { return "\(what), signed with \(inspection.fingerprint ?? "?")" }
            try admit(inspection, signers, path)
            return "\(what), signed by \(manifest.from.node)"
        }
    }

    private func admit(_ inspection: BundleReader.Inspection, _ signers: AllowedSigners, _ path: String) throws {
        let manifest = inspection.manifest
        let keys = signers.keys(
            of: manifest.from.node.text, namespace: SSHSignature.Namespace.bundle, at: manifest.created)
        guard keys.contains(where: { $0.fingerprint == inspection.fingerprint }) else {
            throw BundleError(
                .unknownKey, file: path,
                "the key \(inspection.fingerprint ?? "?") that signed it is not one of \(manifest.from.node) here")
        }
    }
}
