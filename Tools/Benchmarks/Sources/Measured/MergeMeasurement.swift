import Foundation
import Nightdrop
import NightdropBundle
import NightdropFiles
import NightdropFormats

enum MergeMeasurement {
    /// Merges bundles into head office at a path.
    static func merge(_ central: String, _ paths: [String]) throws -> Measurement {
        let central = try Central(at: central)
        return try Measurement.of {
            let report = try central.merge(paths)
            guard let odd = report.bundles.first(where: { $0.outcome != .merged }) else {
                return report.bundles.reduce(0) { $0 + $1.new }
            }
            throw BenchmarkError("\(odd.file) was not merged: \(odd.outcome) \(odd.reason ?? "")")
        }
    }

    /// What a merge copies, alone: bundles into the inbox, verified, and their segments into the archive, all durable.
    static func copies(_ central: String, _ bundles: String, into scratch: String) throws -> Measurement {
        let files = DiskFileSystem()
        let signers = try AllowedSigners(file: files.contents(central + "/keys/allowed_signers") ?? [])
        let intake = BundleIntake(
            BundleExpectations(
                node: Corpus.central, organisation: "Corner Shops", trust: .signers(signers, revoked: []),
                kinds: [.journal]), fileSystem: files)
        try files.createDirectory(scratch)
        let names = try files.names(in: bundles).filter { $0.hasSuffix(".tar") }
        var taken: [VerifiedBundle] = []
        let inbox = try Measurement.of {
            taken = try names.map { try intake.take(bundles + "/" + $0, into: scratch + "/" + $0) }
            return taken.reduce(0) { $0 + $1.manifest.operations }
        }
        var result = try Measurement.of {
            for bundle in taken { try archive(bundle, in: scratch, files) }
            return inbox.operations
        }
        result.more["inbox"] = inbox.seconds
        result.more["archive"] = result.seconds
        result.seconds += inbox.seconds
        result.cpu += inbox.cpu
        return result
    }

    private static func archive(_ bundle: VerifiedBundle, in folder: String, _ files: DiskFileSystem) throws {
        let file = try files.open("\(folder)/\(bundle.manifest.from.node).jsonl.gz", .create(permissions: 0o644))
        var end = try file.size()
        for segment in bundle.manifest.segments {
            try bundle.withEntry(segment.path) { bytes in
                try file.write(bytes, at: end)
                end += Int64(bytes.count)
            }
        }
        try file.synchronize()
    }
}
