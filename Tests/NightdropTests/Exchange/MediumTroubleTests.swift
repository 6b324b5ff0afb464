import Foundation
import Nightdrop
import NightdropModel
import Testing

/// A medium that cannot be written. Needs to be allowed to mount a small file system; skipped otherwise.
@Suite(.serialized) struct MediumTroubleTests {
    private static let canMount: Bool = {
        guard getuid() == 0 else { return false }
        return (try? shell("d=$(mktemp -d) && mount -t tmpfs -o size=1m tmpfs $d && umount $d && rmdir $d")) == 0
    }()

    @discardableResult
    private static func shell(_ script: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// A small stick that goes with the value.
    private final class Stick {
        let path: String

        init(_ path: String, kilobytes: Int) throws {
            self.path = path
            try #require(
                try MediumTroubleTests.shell(
                    "mkdir -p '\(path)' && mount -t tmpfs -o size=\(kilobytes)k tmpfs '\(path)'") == 0)
        }

        deinit { _ = try? MediumTroubleTests.shell("umount -l '\(path)'") }

        func run(_ script: String) throws {
            try #require(try MediumTroubleTests.shell("cd '\(path)' && \(script)") == 0, "\(script)")
        }

        func names(_ folder: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path + folder)) ?? []).sorted()
        }
    }

    private func sale(_ till: Terminal, _ id: String) throws {
        try till.record(OperationDraft(.create, "sale", id: id, set: set(["total": "1"])))
    }

    @Test(.enabled(if: canMount)) func aReadOnlyStickServesForTaking() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let stick = try Stick(chain.path("stick"), kilobytes: 1024)
        try sale(till, "T1-1")
        let file = try #require(try till.exchange(with: stick.path).left.first?.file)
        try stick.run("mount -o remount,ro .")
        let visit = try chain.central.exchange(with: stick.path)
        #expect(visit.came.map(\.outcome) == [.merged])
        #expect(visit.isReadOnly && visit.safeToRemove && visit.left.isEmpty && visit.removed.isEmpty)
        #expect(visit.status == 73)
        #expect(visit.attention.contains { $0.message.contains("read-only: nothing was left") })
        #expect(FileManager.default.fileExists(atPath: file))
        #expect(try chain.central.exchange(with: stick.path).came.map(\.outcome) == [.known])
        // The answer comes another way; then nothing is to be left, and that is no failure.
        _ = try chain.central.writeReturns(to: chain.exchange)
        _ = try till.take([chain.exchange])
        let idle = try till.exchange(with: stick.path)
        #expect(idle.status == 0 && idle.isReadOnly)
        #expect(idle.attention.contains { $0.message.hasSuffix("is read-only: nothing was left") })
        try sale(till, "T1-2")
        #expect(try till.exchange(with: stick.path).status == 73)
        let error = #expect(throws: NightdropError.self) { try till.export(to: stick.path) }
        #expect(error?.kind == .cannotCreate)
    }

    @Test(.enabled(if: canMount)) func aFullStickIsSaidToBeFull() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let stick = try Stick(chain.path("stick"), kilobytes: 256)
        _ = try till.exchange(with: stick.path)
        for number in 1...20 { try sale(till, "T1-\(number)") }
        try stick.run("dd if=/dev/zero of=filler bs=1k count=1000 status=none || true")
        let before = stick.names("/to/HQ")
        let full = try till.exchange(with: stick.path)
        #expect(full.status == 74 && !full.safeToRemove)
        #expect(full.attention.contains { $0.message.contains("no room") || $0.message.contains("No space") })
        #expect(stick.names("/to/HQ") == before)
        try stick.run("rm filler")
        let again = try till.exchange(with: stick.path)
        #expect(again.status == 0 && again.safeToRemove)
        #expect(again.left.first?.operations == 20)
        #expect(stick.names("/to/HQ").count == 1)
    }

    /// The mount point that is left when a stick is pulled out is no carrier: it is missing its marker, but that is no
    /// reason to make one in the middle of a visit, and nothing is said to be safe.
    @Test(.enabled(if: canMount)) func aStickThatIsPulledOutIsNoticed() throws {
        let chain = try Chain()
        let till = try chain.till("T1")
        let stick = try Stick(chain.path("stick"), kilobytes: 4096)
        _ = try till.exchange(with: stick.path)
        try sale(till, "T1-1")
        let path = stick.path
        var options = ExchangeOptions()
        options.progress = { progress in
            if case .leaving(_, let fraction) = progress, fraction > 0 { _ = try? Self.shell("umount -l '\(path)'") }
        }
        let visit = try till.exchange(with: stick.path, options)
        #expect(visit.status != 0 && !visit.safeToRemove)
        #expect(try FileManager.default.contentsOfDirectory(atPath: stick.path) == [])
    }
}
