import Foundation
import NightdropFiles
import Testing

@Suite struct DiskFileSystemTests {
    let system = DiskFileSystem()

    @Test func setsPermissions() throws {
        try TestedSystem.disk.run { _, root in
            try system.createDirectory(root + "/above/keys", permissions: 0o700)
            try system.publish(root + "/above/keys/signing", bytes: [1], permissions: 0o600)
            #expect(try permissions(root + "/above/keys") == 0o700)
            #expect(try permissions(root + "/above/keys/signing") == 0o600)
            #expect(try permissions(root + "/above") & 0o500 == 0o500)
        }
    }

    @Test func saysWhyItFailed() throws {
        let error = #expect(throws: FileError.self) { try system.open("/nowhere/file", .read) }
        #expect(error?.description == "cannot open /nowhere/file: No such file or directory")
        #expect(error?.code == ENOENT)
    }

    @Test func aFullMediumIsNoSpace() throws {
        try TestedSystem.disk.run { _, root in
            let file = try system.open(root + "/a", .create(permissions: 0o644))
            #expect(kind { try file.truncate(to: Int64.max) } == .noSpace)
        }
    }

    @Test func refusesWhatIsNoRegularFile() throws {
        try TestedSystem.disk.run { _, root in
            #expect(mkfifo(root + "/pipe", 0o644) == 0)
            #expect(kind { _ = try system.open(root + "/pipe", .read) } == .inputOutput)
            #expect(kind { _ = try system.open("/dev/zero", .read) } == .inputOutput)
        }
    }

    @Test func tellsWhenAFileChanged() throws {
        try TestedSystem.disk.run { _, root in
            try system.publish(root + "/a", bytes: [])
            let time = timespec(tv_sec: 1_700_000_000, tv_nsec: 123_456_789)
            #expect(utimensat(AT_FDCWD, root + "/a", [time, time], 0) == 0)
            #expect(try system.status(root + "/a")?.modified == 1_700_000_000_123)
        }
    }

    @Test func leavesOutNamesThatNoPathExpresses() throws {
        try TestedSystem.disk.run { _, root in
            let name = (Array(root.utf8) + [UInt8(ascii: "/"), 0xE9, 0]).map(CChar.init(bitPattern:))
            let descriptor = open(name, O_CREAT, 0o644)
            #expect(descriptor >= 0)
            close(descriptor)
            try system.publish(root + "/é", bytes: [])
            #expect(try system.names(in: root) == ["é"])
        }
    }

    @Test func descriptorsCloseWithTheirFiles() throws {
        try TestedSystem.disk.run { _, root in
            let before = try openUnder(root)
            var file: (any OpenFile)? = try system.open(root + "/a", .create(permissions: 0o644))
            #expect(try openUnder(root) == before + 1)
            withExtendedLifetime(file) {}
            file = nil
            #expect(try openUnder(root) == before)
        }
    }

    @Test func locksExcludeOtherProcesses() throws {
        try TestedSystem.disk.run { _, root in
            let path = root + "/lock"
            var held: (any FileLock)? = try system.lock(path, wait: false)
            #expect(try run("flock", "-n", path, "true") == 1)
            withExtendedLifetime(held) {}
            held = nil
            #expect(try run("flock", "-n", path, "true") == 0)
        }
    }

    @Test func locksOfOtherProcessesExcludeAndEndWithThem() throws {
        try TestedSystem.disk.run { _, root in
            let path = root + "/lock"
            let (holder, said) = (Process(), Pipe())
            holder.executableURL = URL(filePath: "/usr/bin/flock")
            holder.arguments = ["--no-fork", path, "sh", "-c", "echo held; exec sleep 600"]
            holder.standardOutput = said
            try holder.run()
            #expect(said.fileHandleForReading.readData(ofLength: 5) == Data("held\n".utf8))
            #expect(kind { _ = try system.lock(path, wait: false) } == .locked)
            kill(holder.processIdentifier, SIGKILL)
            holder.waitUntilExit()
            _ = try system.lock(path, wait: true)
        }
    }

    private func permissions(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    private func openUnder(_ root: String) throws -> Int {
        let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        return links.count { link in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + link))?.hasPrefix(root)
                ?? false
        }
    }

    private func run(_ arguments: String...) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
