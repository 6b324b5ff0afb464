import Foundation
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel
import NightdropWatch
import Testing

/// A watch inside an application, on real directories.
@Suite struct WatchTests {
    @Test func eventsTellWhatHappens() async throws {
        let shop = try Shop()
        let (central, till) = (try shop.watch("HQ"), try shop.watch("T01"))
        let arrivals = Task { [events = central.events] in
            for await event in events {
                if case .bundle(_, let outcome) = event, outcome.outcome == .merged, outcome.new > 0 {
                    return outcome.from
                }
            }
            return nil
        }
        async let ends: Void = central.run()
        async let tillEnds: Void = till.run()
        try shop.sell("1")
        #expect(await arrivals.value == "T01")
        central.stop()
        till.stop()
        _ = await (ends, tillEnds)
        #expect(try shop.central.get("sale", "1") != nil)
    }

    @Test func aCancelledTaskEndsItAndItsEvents() async throws {
        let shop = try Shop()
        let watch = try shop.watch("T01")
        let names = Task { [events = watch.events] in
            var names: [String] = []
            for await event in events { names.append(event.name) }
            return names
        }
        let run = Task { await watch.run() }
        for await event in watch.events { if case .reachable = event { break } }
        run.cancel()
        await run.value
        let seen = await names.value
        #expect(seen.first == "started")
        #expect(seen.last == "stopped")
    }

    /// A stick that is mounted is found by its marker, and one without is left alone; after it is pulled out nobody waits.
    @Test(.enabled(if: Mounts.arePermitted)) func sticksComeAndGo() async throws {
        let shop = try Shop()
        let media = shop.path("media")
        for name in ["stick", "foreign"] {
            try FileManager.default.createDirectory(atPath: "\(media)/\(name)", withIntermediateDirectories: true)
        }
        var options = WatchOptions()
        options.removable = true
        options.mediaRoots = [media]
        let watch = try Watch(node: shop.path("T01"), directories: [], options: options)
        let events = watch.events
        let run = Task { await watch.run() }
        try shop.sell("1")
        defer { for name in ["stick", "foreign"] { _ = Mounts.run("umount", "-l", "\(media)/\(name)") } }
        try #require(Mounts.run("mount", "-t", "tmpfs", "none", "\(media)/foreign"))

        // Marked elsewhere, then plugged in here.
        let marked = shop.path("marked")
        try FileManager.default.createDirectory(atPath: marked, withIntermediateDirectories: true)
        try #require(Mounts.run("mount", "-t", "tmpfs", "none", marked))
        try FileManager.default.copyItem(
            atPath: shop.path("exchange") + "/nightdrop.marker", toPath: marked + "/nightdrop.marker")
        try #require(Mounts.run("mount", "--bind", marked, "\(media)/stick"))
        for await event in events {
            if case .exchanged(let path, let summary) = event, summary.written > 0 {
                #expect(path == "\(media)/stick")
                break
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(media)/stick/to/HQ").count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(media)/foreign") == [])
        #expect(Mounts.run("umount", "\(media)/stick"), "nothing keeps it busy")
        for await event in watch.events {
            if case .unmounted = event { break }
            if case .status(let status) = event, status.directories.isEmpty { break }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(media)/stick") == [])
        _ = Mounts.run("umount", "-l", marked)
        watch.stop()
        await run.value
    }

    /// A share that is full, then read-only, then unmounted, then back: each is said, nothing is lost, nothing ends the watch.
    @Test(.enabled(if: Mounts.arePermitted)) func aShareMayFailInEveryWay() async throws {
        let shop = try Shop()
        let share = shop.path("tmpfs")
        try FileManager.default.createDirectory(atPath: share, withIntermediateDirectories: true)
        try #require(Mounts.run("mount", "-t", "tmpfs", "-o", "size=256k", "none", share))
        defer { _ = Mounts.run("umount", "-l", share) }
        try FileManager.default.copyItem(
            atPath: shop.path("exchange") + "/nightdrop.marker", toPath: share + "/nightdrop.marker")
        try "watch: {interval: 0.3, retryLimit: 0.3, breakerPause: 0.1}\n".appended(to: shop.path("T01/nightdrop.yaml"))
        let watch = try Watch(node: shop.path("T01"), directories: [share])
        let events = watch.events
        let run = Task { await watch.run() }
        for await event in events { if case .exchanged = event { break } }

        let word = try FileManager.default.contentsOfDirectory(atPath: share + "/to/HQ")
        func failure(_ words: String) async {
            for await event in events {
                if case .failed(_, let reason, _, _) = event, reason.contains(words) { return }
            }
        }
        try Data(count: 200_000).write(to: URL(fileURLWithPath: share + "/filler"))
        _ = try? Data(count: 100_000).write(to: URL(fileURLWithPath: share + "/filler2"))
        try shop.sell("1")
        await failure("no room")
        #expect(try FileManager.default.contentsOfDirectory(atPath: share + "/to/HQ") == word)
        #expect(Mounts.run("mount", "-o", "remount,ro", share))
        await failure("read-only")
        #expect(Mounts.run("umount", share))
        for await event in events {
            if case .unreachable(_, let reason) = event, reason.contains("not mounted") { break }
        }
        try shop.sell("2")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: share) == [], "nothing is written to the mount point")
        try #require(Mounts.run("mount", "-t", "tmpfs", "none", share))
        try FileManager.default.copyItem(
            atPath: shop.path("exchange") + "/nightdrop.marker", toPath: share + "/nightdrop.marker")
        for await event in events { if case .exchanged(_, let summary) = event, summary.sent == 2 { break } }
        watch.stop()
        await run.value
        let report = try shop.central.exchange(with: share)
        #expect(report.came.map(\.outcome) == [.merged])
        #expect(try shop.central.get("sale", "2") != nil)
    }

    /// A bundle that nobody merges, and an answer that does not arrive, are sent once more without anything new to send.
    @Test(.timeLimit(.minutes(2))) func whatGetsLostIsSentAgain() async throws {
        let shop = try Shop()
        try "watch: {interval: 0.3}\n".appended(to: shop.path("T01/nightdrop.yaml"))
        try "watch: {interval: 0.3}\n".appended(to: shop.path("HQ/nightdrop.yaml"))
        let till = try shop.watch("T01")
        let events = till.events
        let run = Task { await till.run() }
        try shop.sell("1")
        for await event in events { if case .exchanged(_, let summary) = event, summary.sent == 1 { break } }
        try FileManager.default.removeItem(atPath: shop.path("exchange/to/HQ"))
        for await event in events { if case .exchanged(_, let summary) = event, summary.sent == 1 { break } }

        _ = try shop.central.exchange(with: shop.path("exchange"))
        for await event in events { if case .exchanged(_, let summary) = event, summary.taken == 1 { break } }
        till.stop()
        await run.value
        _ = try shop.central.exchange(with: shop.path("exchange"))

        // Head office leaves a change; it is taken away, and left again, though nothing else has changed.
        func takeAway() throws {
            try FileManager.default.removeItem(atPath: shop.path("exchange/to/T01"))
            try FileManager.default.createDirectory(
                atPath: shop.path("exchange/to/T01"), withIntermediateDirectories: true)
        }
        try takeAway()
        _ = try shop.central.record(OperationDraft(.create, "product", id: "1", set: []))
        let central = try shop.watch("HQ")
        let answers = central.events
        let centralRun = Task { await central.run() }
        for _ in 0..<2 {
            for await event in answers { if case .updated = event { break } }
            try takeAway()
        }
        central.stop()
        await centralRun.value
    }

    /// A till that has nothing to send says where it stands when an answer does not arrive whole.
    @Test(.timeLimit(.minutes(2))) func aDamagedAnswerIsWrittenAgain() async throws {
        let shop = try Shop()
        for _ in 1...2 {
            _ = try shop.till.exchange(with: shop.path("exchange"))
            _ = try shop.central.exchange(with: shop.path("exchange"))
        }
        _ = try shop.central.record(OperationDraft(.create, "product", id: "1", set: []))
        let file = try #require(shop.central.exchange(with: shop.path("exchange")).left.first?.file)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: file)
        for node in ["T01", "HQ"] { try "watch: {interval: 0.3}\n".appended(to: shop.path(node + "/nightdrop.yaml")) }
        let (central, till) = (try shop.watch("HQ"), try shop.watch("T01"))
        let events = till.events
        let runs = [Task { await central.run() }, Task { await till.run() }]
        var isRefused = false
        for await event in events {
            if case .bundle(_, let outcome) = event, outcome.outcome == .refused { isRefused = true }
            if case .exchanged(_, let summary) = event, summary.taken > 0 { break }
        }
        #expect(isRefused)
        #expect(try shop.till.get("product", "1") != nil)
        for watch in [central, till] { watch.stop() }
        for run in runs { await run.value }
    }

    /// An answer in parts of which one was lost is asked for at the first look, and written again.
    @Test(.timeLimit(.minutes(2))) func aLostPartIsWrittenAgain() async throws {
        let shop = try Shop()
        for _ in 1...2 {
            _ = try shop.till.exchange(with: shop.path("exchange"))
            _ = try shop.central.exchange(with: shop.path("exchange"))
        }
        var random = SystemRandomNumberGenerator()
        for number in 1...12 {
            let name = (0..<20_000).map { _ in String(UInt64.random(in: 0...(.max), using: &random), radix: 36) }
            _ = try shop.central.record(
                OperationDraft(
                    .create, "product", id: "\(number)",
                    set: [Field("name", FieldValue(checkedJSON: "\"\(name.joined())\""))]))
        }
        let parts = try shop.central.exchange(with: shop.path("exchange"), ExchangeOptions(maxSize: 1_500_000)).left
        try #require(parts.count > 2)
        try FileManager.default.removeItem(atPath: parts[1].file)
        for part in parts where part != parts[1] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: part.file)
        }
        let (central, till) = (try shop.watch("HQ"), try shop.watch("T01"))
        let events = till.events
        let runs = [Task { await central.run() }, Task { await till.run() }]
        // At the usual interval of five minutes: the first look must do.
        for await event in events {
            if case .exchanged(_, let summary) = event, summary.taken > 0 { break }
        }
        #expect(try shop.till.get("product", "1") != nil)
        for watch in [central, till] { watch.stop() }
        for run in runs { await run.value }
    }

    /// What a till shows that head office refuses, until it no longer does; nothing goes back and forth meanwhile.
    @Test(.timeLimit(.minutes(2))) func aTillShowsThatItsKeyIsRefused() async throws {
        let shop = try Shop()
        for node in ["T01", "HQ"] { try "watch: {interval: 0.3}\n".appended(to: shop.path(node + "/nightdrop.yaml")) }
        _ = try shop.central.revoke(try #require(NodeID("T01")))
        let (central, till) = (try shop.watch("HQ"), try shop.watch("T01"))
        let (events, answers) = (till.events, central.events)
        let runs = [Task { await central.run() }, Task { await till.run() }]
        try shop.sell("1")
        for await event in events { if case .status(let status) = event, status.notPermitted { break } }
        // Three cycles of head office with the refused bundle before its eyes.
        var cycles = 0
        var written = 0
        for await event in answers {
            guard case .exchanged(_, let summary) = event else { continue }
            written += summary.written
            cycles += 1
            if cycles == 6 { break }
        }
        #expect(written == 1, "it is told once")
        try FileManager.default.removeItem(atPath: shop.path("HQ/keys/revoked"))
        for await event in events { if case .status(let status) = event, !status.notPermitted { break } }
        for watch in [central, till] { watch.stop() }
        for run in runs { await run.value }
        #expect(try shop.central.get("sale", "1") != nil)
    }

    /// Thousands of tills cost nothing while nothing happens: what is looked at is one folder.
    /// Settings that are mistyped while it runs: it says so, and goes on with those that it has.
    @Test(.timeLimit(.minutes(2)), arguments: [true, false]) func wrongSettingsDoNotStopIt(isTold: Bool) async throws {
        let shop = try Shop()
        let file = shop.path("T01/nightdrop.yaml")
        try "watch: {interval: 0.2}\n".appended(to: file)
        let watch = try shop.watch("T01")
        let events = watch.events
        async let end: Void = watch.run()
        var (complaints, exchanges, sent, failures) = (0, 0, Int64(0), 0)
        for await event in events {
            switch event {
            case .notReloaded(let reason):
                complaints += 1
                #expect(reason.contains("there is no setting \"watch.intervall\""))
                if complaints == 1 { try shop.sell("1") }
            case .exchanged(_, let summary):
                exchanges += 1
                sent += summary.sent
                if exchanges == 1 {
                    let text = try String(contentsOfFile: file, encoding: .utf8)
                    try text.replacingOccurrences(of: "interval", with: "intervall")
                        .write(toFile: file, atomically: true, encoding: .utf8)
                    if isTold { watch.reload() }
                }
                if sent > 0, exchanges >= 6 { watch.stop() }
            case .failed:
                failures += 1
                watch.stop()
            default: continue
            }
        }
        await end
        #expect(failures == 0)
        #expect(sent > 0)
        // Whoever sends the signal gets an answer, even if it was noticed before.
        #expect((1...(isTold ? 2 : 1)).contains(complaints))
    }

    @Test func onlyOurOwnFolderIsLookedAt() async throws {
        let shop = try Shop()
        for number in 0..<5000 {
            try FileManager.default.createDirectory(
                atPath: shop.path("exchange/to/X\(number)"), withIntermediateDirectories: true)
        }
        // A folder of ours that is new is worth a look of its own, before the first bundle is in it.
        try FileManager.default.createDirectory(atPath: shop.path("exchange/to/HQ"), withIntermediateDirectories: true)
        let watch = try shop.watch("HQ")
        let events = watch.events
        let run = Task { await watch.run() }
        for await event in events { if case .exchanged = event { break } }
        let foreign = shop.path("exchange/to/X17/HQ-00000000-000000000001-000000000002.nightdrop.tar")
        try Data("nothing".utf8).write(to: URL(fileURLWithPath: foreign))
        _ = try shop.till.export(to: shop.path("exchange"))
        var exchanges = 0
        for await event in events {
            if case .exchanging = event { exchanges += 1 }
            if case .exchanged(_, let summary) = event, summary.taken > 0 || summary.written > 0 { break }
        }
        #expect(exchanges == 1)
        watch.stop()
        await run.value
    }
}

/// Whether file systems can be mounted here.
enum Mounts {
    static let arePermitted: Bool = {
        let path = NSTemporaryDirectory() + "nightdrop-mount-" + UUID().uuidString
        guard (try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)) != nil else {
            return false
        }
        defer { try? FileManager.default.removeItem(atPath: path) }
        return run("mount", "-t", "tmpfs", "none", path) && run("umount", path)
    }()

    static func run(_ words: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

/// Head office, one till, and a directory between them.
final class Shop {
    let root: String
    let central: Central
    let till: Terminal

    init() throws {
        root = NSTemporaryDirectory() + "nightdrop-watch-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root + "/exchange", withIntermediateDirectories: true)
        central = try Central.create(
            at: root + "/HQ", id: try #require(NodeID("HQ")), organisation: "Corner Shops")
        let (till, request) = try Terminal.create(
            at: root + "/T01", id: try #require(NodeID("T01")), store: try #require(NodeID("S1")))
        _ = try till.take([try central.enroll(request, to: root + "/exchange").grant])
        self.till = till
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ name: String) -> String { root + "/" + name }

    func sell(_ id: String) throws {
        try till.record(OperationDraft(.create, "sale", id: id, set: [Field("total", FieldValue(checkedJSON: "1"))]))
    }

    func watch(_ node: String) throws -> Watch { try Watch(node: path(node), directories: [path("exchange")]) }
}

extension String {
    func appended(to path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try (text + self).write(toFile: path, atomically: true, encoding: .utf8)
    }
}
