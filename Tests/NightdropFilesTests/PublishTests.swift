import NightdropFiles
import NightdropFilesTesting
import Testing

/// A published file is whole or not there, whatever fails.
@Suite struct PublishTests {
    let old = Array("old".utf8)
    let new = [UInt8](repeating: 7, count: 10_000)

    @Test(arguments: [nil, Array("old".utf8)])
    func everySingleFaultLeavesTheOldOrTheNew(_ before: [UInt8]?) throws {
        let calls = try countCalls(before)
        #expect(calls == 8)
        for number in 1...calls {
            let disk = try prepared(before)
            let faulty = FaultFileSystem(over: disk, Fault(number: number, kind: .noSpace, writtenBytes: 5000))
            #expect(kind { try publish(faulty) } == .noSpace, "call \(number)")
            #expect(faulty.hasFailed)
            let names = try disk.names(in: "/d")
            #expect(!names.contains("a.partial"), "call \(number)")
            let left = try disk.contents("/d/a")
            #expect(left == before || left == new, "call \(number)")
            try publish(disk)
            #expect(try disk.contents("/d/a") == new)
        }
    }

    @Test(arguments: [nil, Array("old".utf8)])
    func everyPowerCutLeavesTheOldOrTheNew(_ before: [UInt8]?) throws {
        var outcomes: Set<Bool> = []
        for number in 1...(try countCalls(before)) {
            for seed in UInt64(0)..<40 {
                let disk = try prepared(before)
                let fault = Fault(number: number, isLasting: true, writtenBytes: 5000)
                #expect(throws: FileError.self) { try publish(FaultFileSystem(over: disk, fault)) }
                let after = disk.crashed(.random(seed: seed))
                let left = try after.contents("/d/a")
                #expect(left == before || left == new, "call \(number), seed \(seed)")
                outcomes.insert(left == new)
                try publish(after)
                #expect(try after.crashed().contents("/d/a") == new)
                #expect(try after.crashed().names(in: "/d") == ["a"])
            }
        }
        #expect(outcomes == [true, false])
    }

    @Test func aFailedVerificationPublishesNothing() throws {
        struct Different: Error {}
        let disk = try prepared(old)
        #expect(throws: Different.self) {
            try disk.publish("/d/a", write: { _ in }, verify: { _ in throw Different() })
        }
        #expect(try disk.names(in: "/d") == ["a"])
        #expect(try disk.contents("/d/a") == old)
    }

    private func prepared(_ before: [UInt8]?) throws -> CrashFileSystem {
        let disk = CrashFileSystem()
        try disk.createDirectory("/d")
        if let before { try disk.publish("/d/a", bytes: before) }
        return disk
    }

    private func publish(_ system: any FileSystem) throws {
        try system.publish("/d/a") { file in
            try new.withUnsafeBytes { try file.write($0, at: 0) }
        } verify: { file in
            let size = try file.size()
            #expect(size == Int64(new.count))
        }
    }

    private func countCalls(_ before: [UInt8]?) throws -> Int {
        let counting = FaultFileSystem(over: try prepared(before))
        try publish(counting)
        return counting.callCount
    }
}
