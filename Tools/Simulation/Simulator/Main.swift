import ArgumentParser
import Dispatch
import Foundation
import NightdropSimulation
import Synchronization

/// Plays random histories until there are enough or one goes wrong.
@main
struct Simulator: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Play random histories of a chain of real nodes, and check that nothing is lost, doubled or different.",
        discussion: """
            The same seed plays the same history. The status is 1 if something is wrong; the seed is printed.

              Tools/simulate --histories 100000
              Tools/simulate --seed 4711
            """)

    @Option(help: "How many histories.")
    var histories = 1000
    @Option(help: "Play the history of this seed only.")
    var seed: UInt64?
    @Flag(help: "Lose head office now and then, and go on with a backup.")
    var restores = false
    @Option(help: "How many at a time; else as many as there are processors.")
    var jobs: Int?
    @Option(help: "Where the nodes live; else in memory, if /dev/shm is there.")
    var directory: String?

    func run() throws {
        let folder = directory ?? History.defaultDirectory
        if let seed {
            let findings = Simulator.play(seed, folder, restores)
            findings.forEach(Simulator.say)
            Simulator.say(findings.isEmpty ? "seed \(seed): nothing is wrong" : "seed \(seed) is wrong")
            throw findings.isEmpty ? ExitCode.success : ExitCode.failure
        }
        let first = UInt64.random(in: 1...UInt64(1) << 40)
        let threads = jobs ?? ProcessInfo.processInfo.activeProcessorCount
        let next = Atomic(0)
        let wrong = Atomic(0)
        let (total, restores) = (histories, restores)
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < total else { return }
                let findings = Simulator.play(first &+ UInt64(number), folder, restores)
                findings.forEach(Simulator.say)
                if !findings.isEmpty { wrong.add(1, ordering: .relaxed) }
                if (number + 1) % 100 == 0 { Simulator.report("\(number + 1) of \(total) histories") }
            }
        }
        let count = wrong.load(ordering: .relaxed)
        Simulator.say("\(total) histories, \(count) wrong, seeds from \(first)")
        if count > 0 { throw ExitCode.failure }
    }

    private static func play(_ seed: UInt64, _ folder: String, _ restores: Bool) -> [String] {
        do {
            var findings = try History(seed: seed, in: folder, restores: restores).run()
            // Undos have a history of their own; some are enough.
            if seed % 8 == 0, !restores { findings += try UndoneHistory(seed: seed, in: folder).run() }
            return findings.map { "seed \(seed): \($0)" }
        } catch { return ["seed \(seed): \(error)"] }
    }

    /// Printed at once: a night's run may be ended before its end.
    private static func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    private static func report(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
