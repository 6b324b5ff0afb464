import Foundation
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

/// The data of a run: an enrolled head office with its master data, and the bundles of fifty tills.
///
///     central/            head office with the master data, before the first till's bundle
///     bundles/            the tills' bundles
///     operations.jsonl    the lines of all their operations
enum Corpus {
    static let central: NodeID = Till.id("HQ", 1)

    /// Makes it. `days` is how many operations each till records for each of its bundles. With `folders` each day's bundles
    /// stand in a folder of their own, and no lines are kept.
    static func make(
        at directory: String, days: [Int], seed: UInt64, customerLimit: Int, folders: Bool, hasRandomIDs: Bool = false
    ) throws {
        let files = FileManager.default
        try? files.removeItem(atPath: directory)
        for folder in ["", "/bundles", "/scratch"] {
            try files.createDirectory(atPath: directory + folder, withIntermediateDirectories: true)
        }
        let central = try Central.create(at: directory + "/central", id: Corpus.central, organisation: "Corner Shops")
        var journals = try (0...Till.tills).map { number in
            try TillJournal(
                node: Till.id("T", number), store: Till.id("S", (number + 9) / 10), seed: seed &+ UInt64(number) << 32,
                policy: central.policy, scratch: directory + "/scratch")
        }
        for journal in journals {
            let request = "\(directory)/scratch/\(journal.node)\(EnrollmentRequest.fileSuffix)"
            try Data(journal.request()).write(to: URL(fileURLWithPath: request))
            _ = try central.enroll(request, to: directory + "/scratch")
        }
        var none: [UInt8] = []
        try journals[0].write(MasterData.operations(seed), cursor: nil, to: directory + "/scratch", lines: &none)
        let report = try central.merge([directory + "/scratch"])
        guard report.bundles.contains(where: { $0.outcome == .merged }) else {
            throw BenchmarkError("the master data was not merged: \(report.bundles)")
        }
        let tills = (0...Till.tills).map {
            Till($0, seed: seed, customerLimit: customerLimit, hasRandomIDs: hasRandomIDs)
        }
        try write(&journals, tills, report.csn, directory, days, folders)
        try files.removeItem(atPath: directory + "/scratch")
    }

    private static func write(
        _ journals: inout [TillJournal], _ tills: [Till], _ csn: Int64, _ directory: String, _ days: [Int],
        _ folders: Bool
    ) throws {
        var tills = tills
        let path = directory + "/operations.jsonl"
        let file = try FileHandle.forAppending(path)
        // By till, as the merge takes them, so that the lines are in the order of the changes.
        func write(_ number: Int, _ day: Int) throws {
            let folder = folders ? "/bundles/day-\(Till.digits(day + 1, 4))" : "/bundles"
            try FileManager.default.createDirectory(atPath: directory + folder, withIntermediateDirectories: true)
            let operations = (0..<days[day]).map { _ in tills[number].next(base: csn) }
            var lines: [UInt8] = []
            try journals[number].write(operations, cursor: nil, to: directory + folder, lines: &lines)
            if !folders { try file.write(contentsOf: Data(lines)) }
        }
        if folders {
            for day in days.indices { for number in 1...Till.tills { try write(number, day) } }
        } else {
            for number in 1...Till.tills { for day in days.indices { try write(number, day) } }
        }
        try file.close()
    }
}

/// What keeps the benchmark from going on.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
