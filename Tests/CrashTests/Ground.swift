import Foundation
import Nightdrop
import NightdropModel
import Testing

/// A directory for one test, with head office `HQ` in it, in which the real command is run and killed.
final class Ground {
    /// The built command: it stands beside the program that runs the tests.
    static let executable: String = {
        let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: runner).deletingLastPathComponent().appendingPathComponent("nightdrop").path
    }()

    static let policy = """
        version: 1
        organisation: Corner Shops
        entities:
          sale: {direction: up, onDuplicate: keep-both, controlTotal: total}
          item: {fields: {stock: {type: decimal, merge: counter, min: 0}}}
          product: {}
        """

    let path: String
    let central: Central

    init() throws {
        path = NSTemporaryDirectory() + "nightdrop-crash-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Ground.policy.write(toFile: path + "/policy.yaml", atomically: true, encoding: .utf8)
        central = try Central.create(
            at: path + "/HQ", id: try #require(NodeID("HQ")), organisation: "Corner Shops",
            policy: path + "/policy.yaml")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// How a run ended.
    struct Run {
        let status: Int32
        let wasKilled: Bool
        let seconds: Double
        let out: String
        let err: String
    }

    /// Runs a program in the directory, `nightdrop` being the command, and kills it after a time.
    @discardableResult
    func run(_ script: String, killAfter seconds: Double? = nil) throws -> Run {
        let start = Date()
        return try run(script) { seconds.map { Date().timeIntervalSince(start) >= $0 } ?? false }
    }

    /// Runs a program in the directory, and kills it as soon as `shallDie` says so.
    func run(_ script: String, killWhen shallDie: () throws -> Bool) throws -> Run {
        let files = ["out", "err"].map { path + "/.\($0)-" + UUID().uuidString }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        for file in files { try Data().write(to: URL(fileURLWithPath: file)) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        let bin = URL(fileURLWithPath: Ground.executable).deletingLastPathComponent().path
        process.arguments = ["-c", "set -euo pipefail; PATH=\(bin):$PATH; \(script)"]
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.standardOutput = FileHandle(forWritingAtPath: files[0])
        process.standardError = FileHandle(forWritingAtPath: files[1])
        let start = Date()
        try process.run()
        while process.isRunning {
            if try shallDie() { kill(process.processIdentifier, SIGKILL) }
            usleep(2000)
        }
        process.waitUntilExit()
        func text(_ file: String) -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
        return Run(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
            seconds: Date().timeIntervalSince(start), out: text(files[0]), err: text(files[1]))
    }

    /// Runs a script that must succeed, and gives what it prints.
    @discardableResult
    func output(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let run = try run(script)
        try #require(run.status == 0, "\(script): \(run.err)", sourceLocation: sourceLocation)
        return run.out
    }

    /// Runs one command again and again, killing it at random times, `times` times at most, then to its end. The times grow
    /// up to `seconds`.
    ///
    /// `between` looks at what a kill has left. Returns how often it was killed.
    @discardableResult
    func untilItEnds(
        _ command: String, seconds: Double, times: Int, seed: UInt64, between: () throws -> Void = {}
    ) throws -> Int {
        var random = SplitMix(state: seed)
        var kills = 0
        for attempt in 1...times {
            let longest = max(0.05, seconds * Double(attempt) / Double(times))
            let run = try run("exec " + command, killAfter: Double.random(in: 0.02...longest, using: &random))
            guard run.wasKilled else {
                #expect(run.status == 0, "seed \(seed): \(run.err)")
                return kills
            }
            kills += 1
            try between()
        }
        let last = try run("exec " + command)
        #expect(last.status == 0, "seed \(seed), after \(kills) kills: \(last.err)")
        return kills
    }
}

/// A small generator of random numbers that a seed determines.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// The seed of a test: printed, and to be given again in `CRASH_SEED`.
func crashSeed(_ test: String) -> UInt64 {
    let seed =
        ProcessInfo.processInfo.environment["CRASH_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...999_999)
    print("\(test): CRASH_SEED=\(seed)")
    return seed
}
