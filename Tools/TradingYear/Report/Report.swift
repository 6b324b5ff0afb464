import Foundation
import Nightdrop

/// Seconds since it was made.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now

    var seconds: Double {
        let elapsed = (ContinuousClock.now - start).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
    }
}

/// What is printed.
enum Report {
    static func line(_ text: String = "") { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
    static func fixed(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

    /// Columns, the first to the left and the others to the right.
    static func table(_ rows: [[String]]) {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            line(cells.joined(separator: "  "))
        }
    }

    static func trade(operations: Int, seconds: Double, phases: Phases) {
        line()
        line(
            "traded: \(operations) operations in \(fixed(seconds, 1)) s, "
                + "\(fixed(Double(operations) / seconds, 0)) operations/s")
        line(
            "seconds at head office: prices \(fixed(phases.prices, 1)), enroll \(fixed(phases.enroll, 1)), "
                + "merge and answer \(fixed(phases.merge, 1))")
        line(
            "seconds at the tills, added up: open \(fixed(phases.open, 1)), take \(fixed(phases.take, 1)), "
                + "record \(fixed(phases.record, 1)), close \(fixed(phases.close, 1))")
    }

    static func sizes(_ work: WorkDirectory) {
        let places = [
            ("head office: store.sqlite", ["HQ/store.sqlite", "HQ/store.sqlite-wal"]),
            ("head office: archive", ["HQ/archive"]),
            ("head office: journal", ["HQ/journal"]), ("all tills", ["tills"]),
            ("exchange directory", ["exchange"]), ("merged bundles, kept", ["kept/bundles"]),
            ("answers, kept", ["kept/returns"]),
        ]
        line()
        table(
            [["on disk", "MB"]]
                + places.map { name, paths in
                    [name, fixed(Double(paths.reduce(0) { $0 + size(work.path + "/" + $1) }) / 1e6, 1)]
                })
        line("peak memory: \(fixed(Double(peakMemory()) / 1e6, 0)) MB")
    }

    static func end(_ differences: [String], seconds: Double) {
        line()
        for difference in differences { line("DIFFERS: \(difference)") }
        line(differences.isEmpty ? "everything agrees" : "\(differences.count) differences")
        line("elapsed: \(fixed(seconds, 1)) s")
    }

    /// The bytes of a file, or of everything in a directory.
    private static func size(_ path: String) -> Int64 {
        let files = FileManager.default
        func bytes(_ path: String) -> Int64 { (try? files.attributesOfItem(atPath: path)[.size] as? Int64) ?? 0 }
        guard let found = files.enumerator(atPath: path) else { return bytes(path) }
        var sum: Int64 = 0
        var isDirectory = false
        for case let name as String in found {
            isDirectory = true
            if found.fileAttributes?[.type] as? FileAttributeType == .typeRegular { sum += bytes(path + "/" + name) }
        }
        return isDirectory ? sum : bytes(path)
    }

    /// The most bytes that this process ever had in memory, by the kernel's account.
    private static func peakMemory() -> Int64 {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let words = line?.split(whereSeparator: \.isWhitespace) ?? []
        return words.count > 1 ? (Int64(words[1]) ?? 0) * 1024 : 0
    }
}
