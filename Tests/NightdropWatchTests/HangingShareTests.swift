import Foundation
import Nightdrop
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import NightdropModel
import NightdropWatch
import Testing

/// A share that keeps a call of the system for as long as it likes, beside one that answers.
@Suite struct HangingShareTests {
    private static let quick = "watch: {interval: 0.3, patience: 0.2}\n"

    @Test(.timeLimit(.minutes(3)), arguments: [0, 3, 12, 40, 70])
    func aTillGoesOnAndSaysWhichShareHangs(calls: Int) async throws {
        let shop = try HangingShop(HangingShareTests.quick)
        shop.gate.close(after: calls)
        let watch = try shop.watch("T01")
        let events = watch.events
        let run = Task { await watch.run() }
        for await event in events {
            guard case .unanswered(let path, _, let reason) = event else { continue }
            #expect(path == shop.hanging && reason.contains("it does not answer since"))
            break
        }
        for await event in events { if case .status(let status) = event, status.state == .failed { break } }
        let shown = try JSONValue.parse(Array(Data(contentsOf: URL(fileURLWithPath: shop.path("T01/status.json")))))
        #expect(shown["state"] == "failed" && shown["online"] == true)
        let directories = try #require(shown["watch"]?["directories"]?.elements)
        #expect(directories.map { $0["path"] } == [.string(shop.hanging), .string(shop.answering)])
        #expect(directories.map { $0["reachable"] } == [false, true])
        #expect(directories[0]["unansweredSince"]?.text.flatMap { Timestamp.milliseconds($0) } != nil)
        #expect(directories[0]["error"]?.text?.contains("it does not answer since") == true)
        #expect(directories[1]["unansweredSince"] == .null && directories[1]["error"] == .null)

        // The other one carries sales, answers and changes; other programs work on the node.
        try shop.shop.sell("1")
        for await event in events {
            if case .exchanged(let path, let summary) = event, summary.sent > 0 {
                #expect(path == shop.answering)
                break
            }
        }
        let central = shop.shop.central
        _ = try central.record(OperationDraft(.create, "product", id: "TEA", set: []))
        #expect(try central.exchange(with: shop.answering).came.contains { $0.new == 1 })
        for await event in events { if case .exchanged(_, let summary) = event, summary.new > 0 { break } }
        #expect(try shop.shop.till.get("product", "TEA") != nil)
        #expect(try shop.shop.till.close(to: shop.answering).bundle != nil)

        // It heals by itself.
        shop.gate.open()
        for await event in events {
            if case .answered(let path, let milliseconds) = event {
                #expect(path == shop.hanging && milliseconds >= 200)
                break
            }
        }
        for await event in events { if case .status(let status) = event, status.error == nil { break } }
        try shop.shop.sell("2")
        for await event in events {
            if case .exchanged(let path, let summary) = event, path == shop.hanging, summary.sent > 0 { break }
        }
        watch.stop()
        await run.value
        for path in [shop.hanging, shop.answering] { _ = try central.exchange(with: path) }
        for id in ["1", "2"] { #expect(try central.get("sale", id) != nil) }
    }

    @Test(.timeLimit(.minutes(3)), arguments: [0, 3, 12, 40, 70])
    func headOfficeGoesOnBesideAShareThatHangs(calls: Int) async throws {
        let shop = try HangingShop(HangingShareTests.quick)
        let (till, central) = (shop.shop.till, shop.shop.central)
        try shop.shop.sell("1")
        _ = try till.export(to: shop.hanging)
        shop.gate.close(after: calls)
        let watch = try shop.watch("HQ")
        let events = watch.events
        let run = Task { await watch.run() }
        for await event in events { if case .unanswered = event { break } }
        #expect(shop.gate.isHolding)

        try shop.shop.sell("2")
        _ = try till.close(day: "2026-11-20", to: shop.answering)
        for await event in events {
            if case .bundle(let path, let outcome) = event, path == shop.answering, outcome.outcome == .merged { break }
        }
        for await event in events { if case .exchanged(let path, _) = event, path == shop.answering { break } }
        #expect(try till.take([shop.answering]).contains { $0.outcome == .merged })
        // Another process merges, plans and records meanwhile.
        let other = try Central(at: shop.path("HQ"))
        _ = try other.merge([shop.answering], returnTo: shop.answering)
        _ = try other.preview([shop.answering])
        _ = try other.record(OperationDraft(.create, "product", id: "TEA", set: []))

        shop.gate.open()
        for await event in events { if case .answered = event { break } }
        for await event in events { if case .exchanged(let path, _) = event, path == shop.hanging { break } }
        watch.stop()
        await run.value
        for id in ["1", "2"] { #expect(try central.get("sale", id) != nil) }
        #expect(try central.status().totals.conflicts == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.path("HQ/inbox")) == [])
    }

    /// The watch ends though a call has not returned; its lock is free, and what it left half done is nothing to anybody.
    @Test(.timeLimit(.minutes(3)), arguments: ["T01", "HQ"])
    func aShareThatHangsDoesNotKeepTheWatch(node: String) async throws {
        let shop = try HangingShop("watch: {interval: 0.3, patience: 600}\n")
        try shop.shop.sell("1")
        if node == "HQ" { _ = try shop.shop.till.export(to: shop.hanging) }
        shop.gate.close(after: 30)
        let watch = try shop.watch(node)
        let events = watch.events
        let names = Task { [events] in
            var names: [String] = []
            for await event in events { names.append(event.name) }
            return names
        }
        let run = Task { await watch.run() }
        while !shop.gate.isHolding { try await Task.sleep(for: .milliseconds(5)) }
        watch.stop()
        await run.value
        #expect(await names.value.suffix(2).contains("stopped"))
        #expect(shop.gate.isHolding, "it has ended while the call was still under way")

        let next = try Watch(node: shop.path(node), directories: [shop.answering])
        let answers = next.events
        let second = Task { await next.run() }
        for await event in answers { if case .exchanged = event { break } }
        next.stop()
        await second.value
        shop.gate.open()
    }

    /// Whether a stick is ours can only be seen by reading from it, and it may not answer.
    @Test(.timeLimit(.minutes(3)), .enabled(if: Mounts.arePermitted))
    func aStickThatHangsHoldsUpNoOther() async throws {
        let shop = try Shop()
        let media = shop.path("media")
        for name in ["dead", "stick"] {
            try FileManager.default.createDirectory(atPath: "\(media)/\(name)", withIntermediateDirectories: true)
        }
        defer { for name in ["dead", "stick"] { _ = Mounts.run("umount", "-l", "\(media)/\(name)") } }
        let gate = Gate()
        gate.close()
        var options = WatchOptions()
        options.removable = true
        options.mediaRoots = [media]
        let watch = try Watch(
            node: shop.path("T01"), directories: [], options: options,
            over: HeedfulFileSystem(over: DiskFileSystem(), root: media + "/dead") { _, _ in gate.pass() })
        let events = watch.events
        let run = Task { await watch.run() }
        let marker = "/nightdrop.marker"
        for name in ["dead", "stick"] {
            let marked = shop.path("marked-" + name)
            try FileManager.default.createDirectory(atPath: marked, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: shop.path("exchange") + marker, toPath: marked + marker)
            try #require(Mounts.run("mount", "--bind", marked, "\(media)/\(name)"))
        }
        for await event in events {
            if case .exchanged(let path, _) = event {
                #expect(path == media + "/stick")
                break
            }
        }
        gate.open()
        for await event in events { if case .exchanged(media + "/dead", _) = event { break } }
        watch.stop()
        await run.value
    }
}

/// A shop with two shares, one of which hangs whenever its gate is closed.
private final class HangingShop {
    let shop: Shop
    let gate = Gate()
    var hanging: String { shop.path("exchange") }
    var answering: String { shop.path("answering") }

    init(_ settings: String) throws {
        shop = try Shop()
        try FileManager.default.createDirectory(atPath: shop.path("answering"), withIntermediateDirectories: true)
        _ = try shop.till.exchange(with: answering)
        _ = try shop.central.exchange(with: answering)
        _ = try shop.till.exchange(with: answering)
        for node in ["T01", "HQ"] { try settings.appended(to: shop.path(node + "/nightdrop.yaml")) }
    }

    // However a test ends, no thread stays.
    deinit { gate.open() }

    func path(_ name: String) -> String { shop.path(name) }

    func watch(_ node: String) throws -> Watch {
        try Watch(
            node: path(node), directories: [hanging, answering],
            over: HeedfulFileSystem(over: DiskFileSystem(), root: hanging) { [gate] _, _ in gate.pass() })
    }
}
