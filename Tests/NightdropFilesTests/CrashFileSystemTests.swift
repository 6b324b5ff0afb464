import NightdropFiles
import NightdropFilesTesting
import Testing

/// The file system that forgets must forget all that a real one may, and nothing else.
@Suite struct CrashFileSystemTests {
    @Test func unsyncedContentIsLost() throws {
        let (disk, file) = try synced("abc")
        try file.write(bytes("XYZ"), at: 1)
        #expect(try disk.crashed().contents("/a") == Array("abc".utf8))
        #expect(try disk.crashed(.nothing).contents("/a") == Array("aXYZ".utf8))
        #expect(try disk.contents("/a") == Array("aXYZ".utf8))
        try file.synchronize()
        #expect(try disk.crashed().contents("/a") == Array("aXYZ".utf8))
        try file.truncate(to: 1)
        #expect(try disk.crashed().contents("/a")?.count == 4)
        #expect(try disk.crashed(.nothing).contents("/a")?.count == 1)
    }

    @Test func unsyncedNamesAreLost() throws {
        let disk = CrashFileSystem()
        try disk.open("/a", .createNew(permissions: 0o644)).synchronize()
        #expect(try disk.crashed().names(in: "/").isEmpty)
        try disk.synchronizeDirectory("/")
        try disk.rename("/a", to: "/b")
        #expect(try disk.crashed().names(in: "/") == ["a"])
        try disk.synchronizeDirectory("/")
        #expect(try disk.crashed().names(in: "/") == ["b"])
        try disk.remove("/b")
        #expect(try disk.crashed().names(in: "/") == ["b"])
        try disk.synchronizeDirectory("/")
        #expect(try disk.crashed().names(in: "/").isEmpty)
    }

    @Test func aRenameBetweenDirectoriesIsDurableWithTheNewOne() throws {
        let disk = CrashFileSystem()
        try disk.createDirectory("/from")
        try disk.createDirectory("/to")
        try disk.publish("/from/a", bytes: [1])
        try disk.rename("/from/a", to: "/to/a")
        try disk.synchronizeDirectory("/from")
        #expect(try disk.crashed().contents("/from/a") == [1])
        #expect(try disk.crashed().contents("/to/a") == nil)
        try disk.synchronizeDirectory("/to")
        #expect(try disk.crashed().contents("/from/a") == nil)
        #expect(try disk.crashed().contents("/to/a") == [1])
    }

    @Test func aWriteTearsAnywhereAndASeedRepeats() throws {
        let (disk, file) = try synced("")
        try file.write(bytes("0123456789"), at: 0)
        var sizes: Set<Int> = []
        for seed in UInt64(0)..<200 {
            let left = try #require(try disk.crashed(.random(seed: seed)).contents("/a"))
            #expect(left == Array("0123456789".utf8.prefix(left.count)))
            #expect(try disk.crashed(.random(seed: seed)).contents("/a") == left)
            sizes.insert(left.count)
        }
        #expect(sizes == Set(0...10))
    }

    @Test func aLaterWriteMaySurviveAnEarlierOne() throws {
        let (disk, file) = try synced("")
        try file.write(bytes("ab"), at: 0)
        try file.write(bytes("cd"), at: 2)
        let found = try Set((0..<100).map { try disk.crashed(.random(seed: $0)).contents("/a") })
        #expect(found.contains([0, 0] + Array("cd".utf8)))
        #expect(found.contains(Array("ab".utf8)))
    }

    @Test func theTimeOfAChangeIsKept() throws {
        let disk = CrashFileSystem(time: 5)
        try disk.publish("/a", bytes: [1])
        disk.setTime(9)
        #expect(try disk.status("/a")?.modified == 5)
        try disk.publish("/b", bytes: [1])
        #expect(try disk.crashed().status("/b")?.modified == 9)
    }

    @Test func aPowerCutReleasesLocks() throws {
        let disk = CrashFileSystem()
        let held = try disk.lock("/lock", wait: false)
        _ = try disk.crashed().lock("/lock", wait: false)
        #expect(kind { _ = try disk.lock("/lock", wait: false) } == .locked)
        withExtendedLifetime(held) {}
    }

    private func synced(_ text: StaticString) throws -> (CrashFileSystem, any OpenFile) {
        let disk = CrashFileSystem()
        try disk.publish("/a") { try $0.write(bytes(text), at: 0) }
        return (disk, try disk.open("/a", .update))
    }
}
