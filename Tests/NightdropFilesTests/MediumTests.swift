import Foundation
import NightdropFiles
import NightdropFilesTesting
import Testing

@Suite struct MediumTests {
    @Test func kindsAreThoseOfThePathItself() throws {
        let root = temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let disk = DiskFileSystem()
        try disk.createDirectory(root)
        try disk.publish(root + "/file", bytes: [1])
        try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: "file")
        try FileManager.default.createSymbolicLink(atPath: root + "/broken", withDestinationPath: "nothing")
        #expect(mkfifo(root + "/pipe", 0o644) == 0)
        #expect(try disk.kind(root) == .directory)
        #expect(try disk.kind(root + "/file") == .file)
        #expect(try disk.kind(root + "/link") == .link)
        #expect(try disk.kind(root + "/broken") == .link)
        #expect(try disk.kind(root + "/pipe") == .other)
        #expect(try disk.kind("/dev/zero") == .other)
        #expect(try disk.kind(root + "/nothing") == nil)
        #expect(try CrashFileSystem().kind("/") == .directory)
    }

    @Test func aDiskTellsItsRoom() throws {
        let medium = try #require(try DiskFileSystem().medium(of: NSTemporaryDirectory()))
        #expect(medium.freeBytes > 0)
        #expect(!medium.isReadOnly)
        #expect(kind { _ = try DiskFileSystem().medium(of: "/nowhere") } == .notFound)
        #expect(try CrashFileSystem().medium(of: "/") == nil)
    }
}
