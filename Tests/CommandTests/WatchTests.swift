import Foundation
import NightdropFormats
import Testing

/// `watch` as a service: real processes over real directories, ended in every way that a service ends.
@Suite struct WatchTests {
    private static let quick = "watch: {interval: 0.5, retryLimit: 0.2, breakerPause: 0.2, heartbeat: 600}\n"

    @Test func aCriticalRecordReachesHeadOfficeAndTheAnswerComesBack() throws {
        let shop = try Workspace()
        try shop.openChain()
        let central = try Daemon(shop, "watch", "share", "-C", "HQ", "--events")
        let till = try Daemon(shop, "watch", "share", "-C", "T01")
        try central.expect { $0.contains(#""event":"reachable""#) }
        var waits: [Double] = []
        for number in 1...5 {
            let start = Date()
            try shop.succeed("record", "-C", "T01", input: sale(number))
            try eventually("sale \(number)") { try shop.has(number, at: "HQ") }
            waits.append(Date().timeIntervalSince(start))
            try eventually("the receipt of \(number)") { try shop.pending("T01") == 0 }
        }
        // Half a second each is usual; what is checked is that nobody waited for the interval of 300 s.
        #expect(waits.sorted()[2] < 20, "\(waits)")
        print("a critical record is visible at head office after", waits.map { Int($0 * 1000) }, "ms")
        #expect(try central.end(SIGTERM) == 0)
        #expect(try till.end(SIGINT) == 0)
        #expect(try shop.names("share/to/HQ") == [], "what was merged is taken away")
        let events = try central.out.split(separator: "\n").map { try JSONValue.parse(String($0)) }
        #expect(events.allSatisfy { $0["at"] != nil && $0["event"] != nil && $0["level"] != nil })
        #expect(events.contains { $0["event"] == "bundle" && $0["outcome"] == "merged" && $0["from"] == "T01" })
        #expect(events.first?["event"] == "started")
        #expect(events.last?["event"] == "stopped")
    }

    /// What is not urgent waits for its cycle; what is urgent takes everything along.
    @Test func aCriticalRecordTakesTheOthersAlong() throws {
        let shop = try Workspace()
        try shop.openChain()
        let till = try Daemon(shop, "watch", "share", "-C", "T01")
        try till.expect { $0.contains("written=1") }
        try shop.succeed("merge", "-C", "HQ", "share", "--return", "share")
        try shop.succeed("exchange", "-C", "HQ", "share")
        try shop.succeed("record", "-C", "T01", input: price("2.95"))
        try eventually("it is noticed") { try shop.status("T01")["totals"]?["pending"] == 1 }
        #expect(try shop.names("share/to/HQ") == [])
        try shop.succeed("record", "-C", "T01", input: sale(1))
        try eventually("both are there") {
            try shop.succeed("exchange", "-C", "HQ", "share")
            return try shop.has(1, at: "HQ") && shop.price("HQ") == "2.95"
        }
        #expect(try till.end(SIGTERM) == 0)
    }

    /// Where other programs have used up what the kernel has for it, nobody tells of changes.
    @Test func whereTheSystemReportsNothingARecordGoesOutAllTheSame() throws {
        let shop = try Workspace()
        guard try shop.bash(Daemon.blindfold + " true").status == 0 else { return }
        try shop.openChain()
        let till = try Daemon(shop, "watch", "share", "-C", "T01", isBlind: true)
        try till.expect { $0.contains("written=1") && $0.contains("max_user_instances") }
        try shop.succeed("exchange", "-C", "HQ", "share")
        #expect(try shop.names("share/to/HQ") == [])
        try shop.succeed("record", "-C", "T01", input: sale(1))
        try eventually("the sale lies there") { try !shop.names("share/to/HQ").isEmpty }
        try shop.succeed("merge", "-C", "HQ", "share")
        #expect(try shop.has(1, at: "HQ"))
        #expect(try till.end(SIGTERM) == 0)
        #expect(till.err.components(separatedBy: "trouble").count == 2, "\(till.err)")
    }

    /// Head office's own change, and another till's, come by themselves at the interval.
    @Test func changesSpreadToTillsThatSendNothing() throws {
        let shop = try Workspace()
        try shop.openChain(tills: ["T01", "T02"])
        for till in ["T01", "T02"] { try shop.succeed("export", "-C", till, "--to", "share") }
        for node in ["HQ", "T01", "T02"] { try shop.settle(node, WatchTests.quick) }
        let daemons = try ["HQ", "T01", "T02"].map { try Daemon(shop, "watch", "share", "-C", $0) }
        try shop.succeed("record", "-C", "HQ", input: price("2.80"))
        for till in ["T01", "T02"] { try eventually("\(till) has 2.80") { try shop.price(till) == "2.80" } }
        try shop.succeed("record", "-C", "T01", input: price("2.95"))
        for node in ["HQ", "T02"] { try eventually("\(node) has 2.95") { try shop.price(node) == "2.95" } }
        for daemon in daemons { #expect(try daemon.end(SIGTERM) == 0) }
    }

    @Test func otherCommandsWorkBesideIt() throws {
        let shop = try Workspace()
        try shop.openChain()
        for node in ["HQ", "T01"] { try shop.settle(node, WatchTests.quick) }
        let daemons = try ["HQ", "T01"].map { try Daemon(shop, "watch", "share", "-C", $0) }
        for number in 1...8 {
            try shop.succeed("record", "-C", "T01", input: sale(number))
            try shop.succeed("merge", "-C", "HQ", "share", "--return", "share")
            try shop.succeed("get", "-C", "T01", "product", "TEA")
            try shop.succeed("conflicts", "-C", "HQ")
        }
        try shop.succeed("close", "-C", "T01", "--day", "2026-11-20")
        try eventually("the closed day") {
            try shop.succeed("days", "-C", "HQ", "--json").json().contains {
                $0["day"] == "2026-11-20" && $0["agrees"] == true
            }
        }
        #expect(try (1...8).allSatisfy { try shop.has($0, at: "HQ") })
        for daemon in daemons { #expect(try daemon.end(SIGTERM) == 0) }
        let check = try shop.run("verify", "T01/journal")
        #expect(check.status == 0, "\(check.out)\(check.err)")
    }

    @Test func afterBeingKilledItGoesOn() throws {
        let shop = try Workspace()
        try shop.openChain()
        for node in ["HQ", "T01"] { try shop.settle(node, WatchTests.quick) }
        for round in 0..<4 {
            let daemons = try ["HQ", "T01"].map { try Daemon(shop, "watch", "share", "-C", $0) }
            for number in 1...5 { try shop.succeed("record", "-C", "T01", input: sale(round * 5 + number)) }
            usleep(useconds_t(round) * 60_000)
            for daemon in daemons { #expect(try daemon.end(SIGKILL) == SIGKILL) }
        }
        let daemons = try ["HQ", "T01"].map { try Daemon(shop, "watch", "share", "-C", $0) }
        try eventually("all are there") { try shop.pending("T01") == 0 }
        #expect(try shop.succeed("get", "-C", "HQ", "sale", "--json").json().count == 20)
        for daemon in daemons { #expect(try daemon.end(SIGTERM) == 0) }
    }

    @Test func aSecondWatchIsRefused() throws {
        let shop = try Workspace()
        try shop.openChain()
        let first = try Daemon(shop, "watch", "share", "-C", "T01")
        try first.expect { $0.contains("reachable") }
        let second = try shop.run("watch", "share", "-C", "T01")
        #expect(second.status == 75)
        #expect(second.err.contains("another watch runs on T01"), "\(second.err)")
        #expect(try first.end(SIGTERM) == 0)
        let third = try Daemon(shop, "watch", "share", "-C", "T01")
        try third.expect { $0.contains("reachable") }
        #expect(try third.end(SIGTERM) == 0)
    }

    /// Without its marker a directory is not mounted: it is not marked, nothing is written, and it is found when it is back.
    @Test func aShareThatIsAwayIsReportedAndComesBack() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.settle("T01", WatchTests.quick)
        _ = try shop.bash("mv share away && mkdir share")
        let till = try Daemon(shop, "watch", "share", "-C", "T01")
        try shop.succeed("record", "-C", "T01", input: sale(1))
        try till.expect { $0.contains("unreachable") && $0.contains("not mounted") }
        try eventually("it counts as failed") { try shop.status("T01")["state"] == "failed" }
        try eventually("it is counted") { try shop.status("T01")["totals"]?["pending"] == 1 }
        let status = try shop.status("T01")
        #expect(status["online"] == false)
        #expect(status["totals"]?["pending"] == 1)
        #expect(status["error"]?.text?.contains("nightdrop.marker") == true)
        #expect(try shop.names("share") == [])
        let bar = try shop.bash("python3 \(Workspace.tools)/status-bar T01")
        #expect(bar.out.hasPrefix("T01 ATTENTION · 1 to send · share: "), "\(bar.out)\(bar.err)")

        _ = try shop.bash("rmdir share && mv away share")
        try eventually("it is back") { try shop.status("T01")["online"] == true }
        try eventually("the bundle is there") { (try? shop.names("share/to/HQ").isEmpty) == false }
        try eventually("nothing is wrong") { try shop.status("T01")["state"] == "idle" }
        #expect(try shop.bash("python3 \(Workspace.tools)/status-bar T01").out == "T01 WAITING · 1 to send\n")
        try shop.succeed("merge", "-C", "HQ", "share", "--return", "share")
        try eventually("the receipt") { try shop.pending("T01") == 0 }
        try eventually("the bar shows it") {
            try shop.bash("python3 \(Workspace.tools)/status-bar T01").out == "T01 IN STEP\n"
        }
        #expect(try till.end(SIGTERM) == 0)
    }

    @Test func oneBadDirectoryAndOneBadBundleStopNothing() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.settle("HQ", WatchTests.quick)
        try shop.write("share/to/HQ/T01-00000000-000000000001-000000000002.nightdrop.tar", "half a bund")
        let central = try Daemon(shop, "watch", "nowhere", "share", "-C", "HQ")
        try central.expect { $0.contains("unreachable directory=nowhere") && $0.contains("outcome=incomplete") }
        try shop.succeed("record", "-C", "T01", input: sale(1))
        try shop.succeed("export", "-C", "T01", "--to", "share")
        try eventually("the sale") { try shop.has(1, at: "HQ") }
        try eventually("the bundle counts as failed") {
            try shop.status("HQ")["watch"]?["failedBundles"]?.elements?.count == 1
        }
        let metrics = String(decoding: try shop.read("HQ/metrics.prom"), as: UTF8.self)
        #expect(metrics.contains("nightdrop_directory_reachable{directory=\"nowhere\"} 0\n"))
        #expect(metrics.contains("nightdrop_directory_reachable{directory=\"share\"} 1\n"))
        #expect(metrics.contains("nightdrop_terminal_pending_operations{terminal=\"T01\"} 0\n"), "\(metrics)")
        #expect(metrics.split(separator: "\n").allSatisfy { $0.hasPrefix("# ") || $0.split(separator: " ").count == 2 })
        #expect(try central.end(SIGTERM) == 0)
    }

    @Test func settingsAreReadAgainAndWrongOnesAreNamed() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.settle("T01", "watch: {directories: [share]}\n")
        let till = try Daemon(shop, "watch", "-C", "T01")
        try till.expect { $0.contains("reachable directory=share") }
        try shop.settle("T01", "watch: {directories: [share], intervall: 3}\n")
        kill(till.id, SIGHUP)
        try till.expect { $0.contains("not-reloaded") && $0.contains("interval`?") }
        _ = try shop.bash("cp -r share other")
        try shop.settle("T01", "watch: {directories: [share, other]}\n")
        kill(till.id, SIGHUP)
        try till.expect { $0.contains(" reloaded") && $0.contains("reachable directory=other") }
        #expect(try till.end(SIGTERM) == 0)

        try shop.settle("T01", "watch: {retrys: 3}\n")
        let wrong = try shop.run("watch", "share", "-C", "T01")
        #expect(wrong.status == 78)
        #expect(wrong.err.contains("there is no setting \"watch.retrys\"; did you mean `retries`?"), "\(wrong.err)")
        try shop.settle("T01", "watch: {interval: fast}\n")
        #expect(try shop.run("watch", "share", "-C", "T01").err.contains("a number of seconds"))
        try shop.settle("T01", "")
        #expect(try shop.run("watch", "-C", "T01").status == 64)
    }

    /// A large change waits, while receipts come in all the same; then it is taken over at a word.
    @Test func aPolicyThatWasChangedAtTheTillIsNamed() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.write("T01/policy.yaml", "garbage")
        let till = try Daemon(shop, "watch", "share", "-C", "T01", "--interval", "0.2")
        try till.expect { $0.contains("not-reloaded") && $0.contains("which has no effect") }
        let before = try shop.read("T01/policy.yaml.changed")
        try shop.write("T01/policy.yaml", "other garbage")
        try eventually("it is kept") { try shop.read("T01/policy.yaml.changed") != before }
        #expect(try till.end(SIGTERM) == 0)
    }

    @Test func aLargeChangeWaitsForApproval() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.settle(
            "T01", WatchTests.quick.replacingOccurrences(of: "{", with: "{largeChanges: ask, autoApplyLimit: 3, "))
        try shop.settle("HQ", WatchTests.quick)
        let daemons = try ["HQ", "T01"].map { try Daemon(shop, "watch", "share", "-C", $0) }
        try shop.succeed("record", "-C", "T01", input: sale(1))
        try eventually("the first receipt") { try shop.pending("T01") == 0 }
        let products = (1...10).map { #"{"entity":"product","id":"P\#($0)","action":"create","set":{"price":1}}"# }
        try shop.succeed("record", "-C", "HQ", input: "[" + products.joined(separator: ",") + "]")
        try eventually("it waits") { try shop.status("T01")["pendingApproval"] == 10 }
        #expect(try shop.succeed("get", "-C", "T01", "product").out.contains("P1") == false)
        try shop.succeed("record", "-C", "T01", input: sale(2))
        try eventually("the second receipt") { try shop.pending("T01") == 0 }
        #expect(try shop.status("T01")["pendingApproval"] == 10)
        #expect(try shop.bash("python3 \(Workspace.tools)/status-bar T01").out.contains("10 changes to approve"))
        let applied = try shop.succeed("apply", "-C", "T01", "--json").document()
        #expect(applied["bundles"]?.elements?.first?["outcome"] == "merged")
        #expect(try shop.succeed("get", "-C", "T01", "product", "--json").json().count == 11)
        try eventually("nothing waits") { try shop.status("T01")["pendingApproval"] == 0 }
        try shop.succeed("record", "-C", "HQ", input: price("3.10"))
        try eventually("a small change goes in") { try shop.price("T01") == "3.10" }
        #expect(try shop.succeed("apply", "-C", "T01").out == "no change waits for approval\n")
        for daemon in daemons { #expect(try daemon.end(SIGTERM) == 0) }
    }

    @Test func nothingIsLoggedWhileNothingHappens() throws {
        let shop = try Workspace()
        try shop.openChain()
        try shop.settle("T01", "watch: {interval: 0.1}\n")
        let till = try Daemon(shop, "watch", "share", "-C", "T01", "--events")
        try eventually("some cycles") { till.out.components(separatedBy: #""event":"exchanged""#).count > 10 }
        #expect(try till.end(SIGTERM) == 0)
        let names = till.err.split(separator: "\n").map { $0.split(separator: " ")[2] }
        #expect(names.filter { $0 == "exchanged" }.count <= 2, "\(till.err)")
        #expect(names.first == "started" && names.last == "stopped")
        #expect(names.count <= 6, "\(till.err)")
    }

    @Test func theServiceUnitsAreValid() throws {
        let shop = try Workspace()
        guard try shop.bash("command -v systemd-analyze").status == 0 else { return }
        for unit in ["nightdrop-till.service", "nightdrop-central.service"] {
            let text = try String(contentsOfFile: "\(Workspace.tools)/systemd/\(unit)", encoding: .utf8)
            try shop.write(unit, text.replacingOccurrences(of: "/usr/bin/nightdrop", with: Workspace.executable))
            let run = try shop.bash("systemd-analyze verify --man=no ./\(unit)")
            #expect(run.status == 0, "\(run.err)")
            #expect(run.err.isEmpty, "\(run.err)")
        }
    }

    private func sale(_ number: Int) -> String {
        #"{"entity":"sale","id":"T01-\#(number)","action":"create","set":{"total":1.00}}"#
    }

    private func price(_ price: String) -> String {
        #"{"entity":"product","id":"TEA","action":"update","set":{"price":\#(price)}}"#
    }
}

extension Workspace {
    /// The folder `Tools` of the sources.
    static let tools = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Tools").path

    /// Replaces what stands under `watch` in a node's settings.
    fileprivate func settle(_ node: String, _ watch: String) throws {
        let text = String(decoding: try read("\(node)/nightdrop.yaml"), as: UTF8.self)
        let lines = text.components(separatedBy: "\n").filter { !$0.isEmpty && !$0.hasPrefix("watch:") }
        try write("\(node)/nightdrop.yaml", lines.joined(separator: "\n") + "\n" + watch)
    }

    fileprivate func has(_ number: Int, at node: String) throws -> Bool {
        try !succeed("get", "-C", node, "sale", "T01-\(number)").out.isEmpty
    }

    fileprivate func price(_ node: String) throws -> String? {
        guard
            case .number(let text)? = try succeed("get", "-C", node, "product", "TEA", "--json").document()["fields"]?[
                "price"]
        else { return nil }
        return text
    }

    /// `status.json`, as a POS reads it.
    fileprivate func status(_ node: String) throws -> JSONValue {
        (try? JSONValue.parse(Array(read("\(node)/status.json")))) ?? .null
    }

    fileprivate func pending(_ node: String) throws -> Int64? {
        try succeed("status", "-C", node, "--json").document()["totals"]?["pending"]?.integer
    }
}

/// Waits until something holds; a minute at most.
func eventually(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) throws {
    let end = Date().addingTimeInterval(60)
    while try !condition() {
        guard Date() < end else {
            Issue.record("not after a minute: \(what)", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        usleep(20_000)
    }
}

/// A command that runs in the background; killed with the value.
final class Daemon {
    private let process: Process
    private let files: (out: String, err: String)

    /// Runs what follows without any inotify instance, if that is permitted here.
    static let blindfold =
        "exec unshare -Ur bash -c 'echo 0 > /proc/sys/user/max_inotify_instances && exec \"$0\" \"$@\"'"

    init(_ shop: Workspace, _ arguments: String..., isBlind: Bool = false) throws {
        let name = shop.path + "/.daemon-" + UUID().uuidString
        files = (name + ".out", name + ".err")
        for file in [files.out, files.err] { try Data().write(to: URL(fileURLWithPath: file)) }
        process =
            isBlind
            ? shop.process("/bin/bash", ["-c", Daemon.blindfold + " \"$0\" \"$@\"", Workspace.executable] + arguments)
            : shop.process(Workspace.executable, arguments)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: files.out)
        process.standardError = FileHandle(forWritingAtPath: files.err)
        try process.run()
    }

    deinit { if process.isRunning { kill(id, SIGKILL) } }

    var id: pid_t { process.processIdentifier }
    var out: String { (try? String(contentsOfFile: files.out, encoding: .utf8)) ?? "" }
    var err: String { (try? String(contentsOfFile: files.err, encoding: .utf8)) ?? "" }

    /// Waits until what it has written says something.
    func expect(sourceLocation: SourceLocation = #_sourceLocation, _ condition: (String) -> Bool) throws {
        do {
            try eventually("the daemon says so", sourceLocation: sourceLocation) { condition(out + err) }
        } catch {
            Issue.record("it said: \(out)\(err)", sourceLocation: sourceLocation)
            throw error
        }
    }

    /// Sends a signal and waits for the end. Returns the exit status, or the signal that ended it.
    func end(_ signal: Int32) throws -> Int32 {
        kill(id, signal)
        try eventually("it ends") { !process.isRunning }
        return process.terminationStatus
    }
}
