import NightdropBundle
import NightdropFiles
import NightdropFilesTesting
import NightdropFormats
import Testing

/// Whatever happens to the bytes of a bundle on the way, it is noticed.
@Suite struct BundleDamageTests {
    let fixture: BundleFixture
    let bytes: [UInt8]
    let intake: BundleIntake

    init() throws {
        fixture = try BundleFixture()
        bytes = try fixture.write(fixture.journalManifest, fixture.contents, fixture.till)
        intake = BundleIntake(try fixture.expectations(), fileSystem: fixture.system)
    }

    /// Takes a bundle of these bytes, in a file system of its own. A refusal must leave no copy.
    private func refusal(_ bytes: [UInt8]) throws -> BundleError? {
        let fresh = try BundleFixture()
        try fresh.system.publish(BundleFixture.path, bytes: bytes)
        let intake = BundleIntake(try fresh.expectations(), fileSystem: fresh.system)
        let error = bundleError { _ = try intake.take(BundleFixture.path, into: BundleFixture.inbox) }
        #expect(try fresh.system.names(in: "/inbox").isEmpty == (error != nil))
        return error
    }

    @Test func everyFlippedByteIsRefused() throws {
        let whole = try intake.take(BundleFixture.path)
        let file = try fixture.system.open(BundleFixture.path, .read)
        let entries = try readAll(file).map(\.entry)
        #expect(entries.count == whole.entries.count + 2)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1 << UInt8(index % 8)
            guard let error = try refusal(damaged) else {
                Issue.record("the flipped byte \(index) was not noticed")
                continue
            }
            let place = entries.first { Int($0.offset)..<Int($0.offset + $0.size) ~= index }?.name
            switch place {
            case "manifest.json.sig": #expect([.damaged, .unknownKey].contains(error.code), "\(index): \(error)")
            case let place?:
                #expect(error.code == .damaged, "\(index): \(error)")
                #expect(error.entry == place, "\(index): \(error)")
            case nil: #expect([.damaged, .malformed].contains(error.code), "\(index): \(error)")
            }
        }
    }

    @Test func everyEarlyEndIsIncomplete() throws {
        for count in bytes.indices {
            let error = try refusal(Array(bytes[..<count]))
            #expect(error?.code == .incomplete, "\(count) of \(bytes.count) bytes: \(String(describing: error))")
        }
    }

    @Test func aTailOfZerosIsNoWholeBundle() throws {
        for count in stride(from: 0, to: bytes.count - 1024, by: 64) {
            let end = bytes[count...].contains { $0 != 0 }
            guard end else { continue }
            let error = try refusal(bytes[..<count] + [UInt8](repeating: 0, count: bytes.count - count))
            #expect(error != nil, "\(count)")
        }
    }

    @Test func nothingMayFollow() throws {
        #expect(try refusal(bytes + [0, 0, 0]) == nil)
        #expect(try refusal(bytes + [0, 0, 1])?.code == .damaged)
        #expect(try refusal(bytes + bytes)?.code == .damaged)
    }

    @Test func failuresOfTheMediumAreNotDamage() throws {
        let calls: Set<FileCall> = [.open, .size, .read, .write, .synchronize, .rename, .synchronizeDirectory]
        var number = 0
        while true {
            number += 1
            let memory = CrashFileSystem()
            let prepared = try BundleFixture(system: memory)
            try memory.publish(BundleFixture.path, bytes: bytes)
            let system = FaultFileSystem(over: memory, Fault(calls, number: number, isLasting: true))
            let intake = BundleIntake(try prepared.expectations(), fileSystem: system)
            let error = bundleError { _ = try intake.take(BundleFixture.path, into: BundleFixture.inbox) }
            guard system.hasFailed else { break }
            #expect(error?.code == .inputOutput, "call \(number): \(String(describing: error))")
        }
        #expect(number > 10)
    }

    @Test func inspectionShowsWhatIsWrong() throws {
        let sound = try BundleReader.open(BundleFixture.path, fileSystem: fixture.system)
        #expect(sound.problem == nil)
        #expect(sound.fingerprint == fixture.till.publicKey.fingerprint)
        #expect(sound.manifest.operations == 211)
        #expect(sound.entries.map(\.name).dropFirst(2) == ArraySlice(fixture.contents.map(\.name)))

        let entry = try #require(sound.entries.dropFirst(3).first)
        var damaged = bytes
        damaged[Int(entry.offset)] ^= 1
        try fixture.system.publish(BundleFixture.path, bytes: damaged)
        let contentDamaged = try BundleReader.open(BundleFixture.path, fileSystem: fixture.system)
        #expect(contentDamaged.problem?.entry == entry.name)
        #expect(contentDamaged.entries == sound.entries)

        try fixture.system.publish(BundleFixture.path, bytes: Array(bytes[..<Int(entry.offset)]))
        let cut = try BundleReader.open(BundleFixture.path, fileSystem: fixture.system)
        #expect(cut.problem?.code == .incomplete)
        #expect(cut.entries.count < sound.entries.count)
    }
}
