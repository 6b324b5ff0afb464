import Foundation
import NightdropFiles
import NightdropFilesTesting
import Testing

/// What every file system must do.
@Suite struct FileSystemContractTests {
    @Test(arguments: TestedSystem.allCases)
    func writesAndReadsAtOffsets(_ tested: TestedSystem) throws {
        try tested.run { system, root in
            let file = try system.open(root + "/a", .createNew(permissions: 0o600))
            try file.write(bytes("hello"), at: 0)
            try file.write(bytes("XY"), at: 7)
            #expect(try file.size() == 9)
            #expect(try file.text(at: 0, 100) == "hello\0\0XY")
            #expect(try file.text(at: 3, 2) == "lo")
            #expect(try file.text(at: 9, 2) == "")
            #expect(try file.text(at: 50, 2) == "")
            try file.write(bytes("J"), at: 0)
            try file.truncate(to: 5)
            #expect(try system.contents(root + "/a") == Array("Jello".utf8))
            try file.truncate(to: 6)
            try file.synchronize()
            try file.dropCache()
            #expect(try system.contents(root + "/a") == Array("Jello\0".utf8))
            #expect(file.path == root + "/a")
        }
    }

    @Test(arguments: TestedSystem.allCases)
    func opensByMode(_ tested: TestedSystem) throws {
        try tested.run { system, root in
            let path = root + "/a"
            #expect(kind { _ = try system.open(path, .read) } == .notFound)
            #expect(kind { _ = try system.open(path, .update) } == .notFound)
            #expect(kind { _ = try system.open(root + "/none/a", .create(permissions: 0o644)) } == .notFound)
            try system.open(path, .create(permissions: 0o644)).write(bytes("1"), at: 0)
            #expect(kind { _ = try system.open(path, .createNew(permissions: 0o644)) } == .exists)
            try system.open(path, .create(permissions: 0o644)).write(bytes("2"), at: 1)
            try system.open(path, .update).write(bytes("3"), at: 2)
            #expect(try system.contents(path) == Array("123".utf8))
            let reader = try system.open(path, .read)
            #expect(kind { try reader.write(bytes("4"), at: 3) } == .inputOutput)
            #expect(kind { _ = try system.open(root, .read) } == .inputOutput)
            #expect(try system.contents(root + "/none") == nil)
        }
    }

    @Test(arguments: TestedSystem.allCases)
    func listsSortedAndKnowsWhatIsThere(_ tested: TestedSystem) throws {
        try tested.run { system, root in
            for name in ["b", "a", "c.x"] { try system.publish(root + "/" + name, bytes: [1, 2]) }
            try system.createDirectory(root + "/d/e/f", permissions: 0o700)
            try system.createDirectory(root + "/d/e/f", permissions: 0o700)
            #expect(try system.names(in: root) == ["a", "b", "c.x", "d"])
            #expect(try system.names(in: root + "/d") == ["e"])
            #expect(kind { _ = try system.names(in: root + "/none") } == .notFound)
            #expect(try system.status(root + "/a")?.size == 2)
            #expect(try system.status(root + "/a")?.isDirectory == false)
            #expect(try system.status(root + "/d")?.isDirectory == true)
            #expect(try system.status(root + "/none") == nil)
            #expect(kind { try system.createDirectory(root + "/a/x") } == .inputOutput)
            #expect(kind { try system.createDirectory(root + "/a") } == .exists)
        }
    }

    @Test(arguments: TestedSystem.allCases)
    func renamesAndRemoves(_ tested: TestedSystem) throws {
        try tested.run { system, root in
            try system.publish(root + "/a", bytes: [1])
            try system.publish(root + "/b", bytes: [2])
            let open = try system.open(root + "/b", .read)
            try system.rename(root + "/a", to: root + "/b")
            #expect(try system.names(in: root) == ["b"])
            #expect(try system.contents(root + "/b") == [1])
            #expect(try open.text(at: 0, 9) == "\u{2}")
            try system.remove(root + "/b")
            try system.remove(root + "/b")
            #expect(try system.names(in: root).isEmpty)
            #expect(kind { try system.rename(root + "/a", to: root + "/b") } == .notFound)
            try system.synchronizeDirectory(root)
            #expect(kind { try system.synchronizeDirectory(root + "/none") } == .notFound)
        }
    }

    @Test(arguments: TestedSystem.allCases)
    func locksExcludeEachOtherInOneProcess(_ tested: TestedSystem) throws {
        try tested.run { system, root in
            var held: (any FileLock)? = try system.lock(root + "/lock", wait: false)
            #expect(kind { _ = try system.lock(root + "/lock", wait: false) } == .locked)
            _ = try system.lock(root + "/other", wait: false)
            withExtendedLifetime(held) {}
            held = nil
            _ = try system.lock(root + "/lock", wait: true)
            #expect(try system.status(root + "/lock")?.size == 0)
        }
    }

    @Test(arguments: TestedSystem.allCases)
    func waitsForALock(_ tested: TestedSystem) async throws {
        try await tested.runAsync { system, root in
            let path = root + "/lock"
            var held: (any FileLock)? = try system.lock(path, wait: false)
            let waiter = Task.detached { _ = try system.lock(path, wait: true) }
            withExtendedLifetime(held) {}
            held = nil
            try await waiter.value
        }
    }
}
