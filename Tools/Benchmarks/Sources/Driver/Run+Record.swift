import Foundation

extension Run {
    mutating func record() throws {
        say("record")
        let commits = isQuick ? 100 : 300
        // Many short blocks: what the disk takes changes from second to second.
        let latency = try child.measure("latency", freshFolder("record"), "\(isQuick ? 4 : 12 * pairs)", "50")
        let floor = latency.more["floor"] ?? .nan
        results.add(
            "record: an operation a commit", microseconds(latency.seconds), floor: microseconds(floor),
            ratio: latency.seconds / floor, .atMost(1.25))
        // Bursts that the store may lag behind as a whole.
        let groups = try child.measure("groups", freshFolder("groups"), "\(4 * pairs)", isQuick ? "80" : "400")
        let groupFloor = groups.more["floor"] ?? .nan
        results.add(
            "record: 4 writers, 64 a commit; one by one", rate(1 / groups.seconds), floor: rate(1 / groupFloor),
            ratio: groupFloor / groups.seconds, .atLeast(0.6))
        results.add(
            "  the same, until the store has caught up", rate(1 / (groups.more["caught"] ?? .nan)))
        results.add(
            "  processor time an operation", String(format: "%.2f us", (groups.more["processor"] ?? .nan) * 1e6))
        let journal = try child.measure("journal", freshFolder("journal"), "\(pairs + 2)", "\(commits)")
        results.add("  the journal alone: an operation a commit", microseconds(journal.more["latency"] ?? .nan))
        results.add("  the journal alone: 4 writers", rate(Double(journal.operations) / journal.seconds))
        try remove(directory + "/journal")
        let burst = try child.measure("burst", freshFolder("burst"), isQuick ? "10000" : "250000")
        results.memory("record", max(latency.peak, burst.peak), mebibytes: 128)
        try remove(directory + "/burst")
        try remove(directory + "/record")
        try remove(directory + "/groups")
    }

    mutating func sealAndExport() throws {
        say("seal and export")
        let operations = isQuick ? 5_000 : 50_000
        var measured: [Double] = []
        var floor: [Double] = []
        var size = 0.0
        for pair in 0..<pairs {
            let folder = try freshFolder("seal")
            let seal = try child.measure("seal", folder, "\(operations)", "\(seed &+ UInt64(pair))", "lines")
            let lines = folder + "/operations.jsonl"
            let gzip = try child.shell("gzip -6 -c \(lines) > \(lines).gz")
            measured.append(seal.seconds)
            floor.append(gzip.seconds)
            let bytes = try Child.output("/bin/sh", ["-ec", "stat -c %s \(lines).gz"])
            size = (seal.more["bytes"] ?? .nan) / (Double(bytes.filter(\.isNumber)) ?? .nan)
        }
        results.add(
            "seal and export: time", milliseconds(measured.median), floor: milliseconds(floor.median) + " gzip -6",
            ratio: medianRatio(measured, floor), .atMost(1))
        results.add("seal: size", "", floor: "gzip -6", ratio: size, .atMost(1.02))
        let all = try child.measure("seal", freshFolder("seal"), isQuick ? "50000" : "1000000", "\(seed)")
        results.memory("seal and export of \(all.operations) operations", all.peak, mebibytes: 128)
        try remove(directory + "/seal")
    }
}
