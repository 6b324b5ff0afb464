import Foundation

extension Run {
    mutating func watch() throws {
        say("watch: from a till to head office")
        let visible = try child.measure("visible", freshFolder("visible"), isQuick ? "3" : "40")
        results.add(
            "watch: a critical sale, from durable to shown at head office", milliseconds(visible.seconds),
            floor: "1 s", ratio: visible.seconds, .atMost(1))
        results.add("  99th percentile", milliseconds(visible.more["p99"] ?? .nan))
        try remove(directory + "/visible")
        let terminals = isQuick ? 200 : 5_000
        say("watch: idle over \(terminals) tills")
        let idle = try child.measure("idle", freshFolder("idle"), "\(terminals)", "50", isQuick ? "5" : "60")
        let part = idle.cpu / idle.seconds
        results.add(
            "watch: idle over \(terminals) tills, of a core", String(format: "%.3f %%", part * 100), floor: "1 %",
            ratio: part * 100, .atMost(1))
        try remove(directory + "/idle")
        let records = isQuick ? 10_000 : 1_000_000
        say("record while a snapshot of \(records) records goes in")
        let applying = try child.measure("applying", freshFolder("applying"), "\(records)")
        let floor = applying.more["floor"] ?? .nan
        results.add(
            "record: 99th percentile while a snapshot goes in; idle", microseconds(applying.seconds),
            floor: microseconds(floor), ratio: applying.seconds / floor, .atMost(2))
        results.add(
            "  median; idle", microseconds(applying.more["median"] ?? .nan),
            floor: microseconds(applying.more["idleMedian"] ?? .nan))
        results.add(
            "  longest of \(applying.operations); idle", microseconds(applying.more["longest"] ?? .nan),
            floor: microseconds(applying.more["idleLongest"] ?? .nan))
        results.add("  the snapshot", milliseconds(applying.more["lasted"] ?? .nan))
        try remove(directory + "/applying")
    }
}
